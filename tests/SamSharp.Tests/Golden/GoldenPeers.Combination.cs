using SamSharp.Steps;

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
        ["zhaoyang-0204/gnp: train_step"] = PenalizedNorm,
        ["zhaoyang-0204/gnp: train_step with use_hybrid_training"] = PenalizedNorm,
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

    /// <summary>The peer clips the final gradient, may warm up the radius or the share, and may bring g to length 1 first. RST's draws are
    /// given.</summary>
    private static void PenalizedNorm(GoldenRun run)
    {
        double Warmth(string kind, long step) => run.Text("warmup") == kind ? Math.Min(1, step / run.Number("warmup_steps")) : 1;
        bool IsPlain(long step) => run.Expected.TryGetValue("gnp_step", out var draws) && draws[step - 1].to(float64).item<double>() == 0;
        using var optimizer = run.Wrap(Recipe.PenalizedGradientNorm(run.Number("r"), run.Number("alpha")) with
        {
            Schedule = RadiusSchedule.From((info, rho) => IsPlain(info.Step) ? 0 : rho * Warmth("r", info.Step)),
            Geometry = new EuclideanGeometry(0),
            Combiner = new ClippedMix(step => run.Number("alpha") * Warmth("lambda", step), run.Is("norm_perturbations"),
                run.Number("gradient_clipping")),
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            run.Near("loss", t, loss);
            run.WeightsNear(t);
        }
    }

    private sealed record ClippedMix(Func<long, double> Share, bool Unit, double MaxNorm) : ICombiner
    {
        public bool NeedsAscentGradients => true;

        public void Combine(Descent descent)
        {
            if (Unit)
            {
                var inverse = descent.Inverse(descent.NormAtWeights());
                foreach (var pair in descent.Pairs) descent.Multiply(pair.AtWeights, inverse);
            }
            new WeightedGradient(Share(descent.Step)).Combine(descent);
            Clip(descent, bucket => bucket.AtPerturbed);
        }

        public void Plain(Descent descent) => Clip(descent, bucket => bucket.AtWeights);

        private void Clip(Descent descent, Func<ParameterBucket, Tensor[]> gradients)
        {
            var norm = descent.GlobalNorm(descent.Buckets, bucket => descent.Norm(gradients(bucket)));
            var factor = descent.Inverse(norm).Times(MaxNorm).Clamped(max: 1);
            foreach (var bucket in descent.Buckets) descent.Multiply(gradients(bucket), factor);
        }
    }
}
