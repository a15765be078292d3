namespace SamSharp.Tests.Golden;

/// <content>Other uses of the two gradients.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Combination => new()
    {
        ["juntang-zhuang/GSAM: GSAM"] = SurrogateGap,
        ["kozistr/pytorch_optimizer: GSAM"] = SurrogateGap,
        ["intelligent-machine-learning/atorch: WeightedSAM"] = run => Weighted(run, perturbedOnly: false),
        ["kozistr/pytorch_optimizer: WSAM"] = run => Weighted(run, perturbedOnly: true),
        ["cltan023/stablesam2024: SAM"] = run => run.Drive(Recipe.Sam(run.Number("rho")) with
        {
            Geometry = run.Is("adaptive") ? new AdaptiveGeometry(Kappa: 0) : new EuclideanGeometry(),
            Combiner = run.Is("stable") ? new RescaledGradient(run.Is("adaptive") ? 0 : null) : new PerturbedGradient(),
        }),
        ["cltan023/stablesam2024: USAM"] = run => run.Drive(Recipe.UnnormalizedSam(run.Number("rho")) with
        {
            Combiner = run.Is("stable") ? new RescaledGradient() : new PerturbedGradient(),
        }),
        ["rollovd/LookSAM: LookSAM"] = run =>
            Look(run, new RememberedSharpness(run.Number("alpha"), PerTensor: true, NormFloor: 1e-8), ascentFloor: 1e-8),
        ["kozistr/pytorch_optimizer: LookSAM"] = run =>
            Look(run, new RememberedSharpness(run.Number("alpha"), PerTensor: true, NormFloor: 1e-8), ascentFloor: 1e-12),
        ["MarlonBecker/MSAM: LookSAM (optimizer/looksam.py)"] = run => Look(run, new RememberedSharpness(run.Number("alpha")), ascentFloor: 1e-12),
        ["TrustAIoT/CR-SAM: CRSAM"] = run => run.Drive(Recipe.CrSam(run.Number("rho"), run.Number("gamma"), run.Number("beta"))),
    };

    /// <summary>The radius of each step is in the run's file.</summary>
    private static void SurrogateGap(GoldenRun run)
    {
        using var given = run.Expected["rho"].to(float64);
        var radii = given.data<double>().ToArray();
        run.Drive(new SharpnessAwareOptions
        {
            Schedule = RadiusSchedule.From((info, _) => radii[info.Step - 1]),
            Geometry = run.Is("adaptive")
                ? new AdaptiveGeometry(Kappa: 0, NormFloor: run.Number("perturb_eps"))
                : new EuclideanGeometry(run.Number("perturb_eps")),
            Combiner = new SurrogateGap(run.Number("alpha")),
        });
    }

    private static void Weighted(GoldenRun run, bool perturbedOnly)
    {
        var (gamma, clipping) = (run.Number("gamma"), run.Has("max_norm") ? new GradientClipping(run.Number("max_norm"), perturbedOnly) : null);
        run.Drive(new SharpnessAwareOptions
        {
            Rho = run.Number("rho"),
            Combiner = run.Is("decouple") ? new DecoupledSharpness(gamma, clipping) : WeightedGradient.OfGamma(gamma, clipping),
        });
    }

    private static void Look(GoldenRun run, RememberedSharpness combiner, double ascentFloor) =>
        run.Drive(Recipe.LookSam(run.Whole("k"), run.Number("rho")) with
        {
            Geometry = new EuclideanGeometry(ascentFloor),
            Combiner = combiner,
        });
}
