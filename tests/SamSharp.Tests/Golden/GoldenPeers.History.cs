using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>Ascents that follow what was seen in earlier steps.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> History => new()
    {
        ["BingcongLi/VaSSO: VASSO"] = run => run.Drive(Recipe.Vasso(run.Number("rho"), run.Number("theta"))),
        ["nblt/F-SAM: FriendlySAM"] = run => run.Drive(Recipe.FriendlySam(run.Number("rho"), run.Number("sigma"), run.Number("lmbda")) with
        {
            Geometry = run.Is("adaptive") ? new AdaptiveGeometry(Kappa: 0) : new EuclideanGeometry(),
        }),
        ["MarlonBecker/MSAM: MSAM"] = run => Momentum(run, new PerturbedDecay(run.Number("weight_decay")),
            run.Bases.Sgd(new BaseGroup(run.Problem.Parameters.Values, run.Number("lr")) { Momentum = run.Number("momentum") })),
        ["MarlonBecker/MSAM: AdamW_MSAM"] = run => Momentum(run, new LateDecay(run.Number("weight_decay")),
            run.Bases.AdamW(new BaseGroup(run.Problem.Parameters.Values, run.Number("lr"))
            {
                Beta1 = Beta(run, 0),
                Beta2 = Beta(run, 1),
                Epsilon = run.Number("eps"),
            })),
        ["LIONS-EPFL/SAMPa: train.py: run()"] = LookAhead,
        ["jjsrf/SSAM-NEURIPS2024: SAM(v2=True)"] = Stale,
    };

    private static double Beta(GoldenRun run, int i) => run.Settings.GetProperty("betas")[i].GetDouble();

    /// <summary>The peer's weights are perturbed between steps: those of this library's one pass. Its centers are this library's weights.</summary>
    private static void Momentum(GoldenRun run, ICombiner combiner, optim.Optimizer baseOptimizer)
    {
        using var optimizer = run.Wrap(Recipe.MomentumSam(run.Number("rho")) with { Combiner = combiner }, baseOptimizer);
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() =>
            {
                run.WeightsNear(t - 1);
                return run.Problem.Backward(t);
            });
            run.Near("loss", t, loss);
            foreach (var (name, value) in run.Problem.Parameters) run.Near($"center.{name}", t + 1, value);
        }
    }

    /// <summary>The perturbed gradient on the previous batch, the one at the look-ahead point on this.</summary>
    private static void LookAhead(GoldenRun run)
    {
        using var optimizer = run.Wrap(Recipe.Sampa(run.Number("rho"), run.Number("og")));
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            var looked = 0;
            using var loss = optimizer.Step(() => run.Problem.Backward(Math.Max(t - 1, 0)), ascent: () =>
            {
                looked++;
                var ahead = run.Problem.Backward(t);
                run.Near("loss", t, ahead);
                return ahead;
            });
            Assert.Equal(1, looked);
            run.Near("loss_adv", t, loss);
            run.WeightsNear(t);
        }
    }

    /// <summary>One pass a step, along the gradient of the step before; the first step is plain.</summary>
    private static void Stale(GoldenRun run)
    {
        using var optimizer = run.Wrap(Recipe.StaleSam(run.Number("rho")));
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            run.Near("loss_adv", t, loss);
            run.WeightsNear(t);
        }
    }
}
