using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>Which examples, and slow weights.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Around => new()
    {
        ["dydjw9/Efficient_SAM: ESAM"] = Efficient,
        ["chandar-lab/Lookbehind-SAM: LookbehindSAM"] = run => LooksBehind(run, new EuclideanGeometry(1e-16)),
        ["chandar-lab/Lookbehind-SAM: LookbehindASAM"] = run =>
            LooksBehind(run, new AdaptiveGeometry(run.Number("eta"), AdaptiveGeometry.NamedWeights, 1e-16)),
    };

    /// <summary>With the peer's draws of tensors; its choice of samples is ours to make. It makes none from gamma 0.99 on.</summary>
    private static void Efficient(GoldenRun run)
    {
        using var optimizer = run.Wrap(new SharpnessAwareOptions { Rho = run.Number("rho"), Geometry = new EuclideanGeometry(1e-7) });
        var efficient = new EfficientSam(optimizer, run.Number("beta"), rule: new LargestRise(run.Number("gamma"), AboveCutoff: true),
            draws: (step, slot) =>
            !run.Expected.TryGetValue($"requires_grad.{run.NameOf(slot)}", out var drawn) || drawn[step - 1].to(float64).item<double>() == 1);
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            var selected = ScalarArithmetic.Range(run.Problem.Labels(t).shape[0]);
            using var loss = efficient.Step(rows =>
            {
                if (rows is not null) selected = rows.clone();
                return run.Problem.SampleLosses(t, rows);
            });
            run.Near("loss", t, loss);
            run.Near("selected", t, zeros(run.Problem.Labels(t).shape[0], float64).FillAt(0, selected, 1));
            run.WeightsNear(t);
        }
    }

    private static void LooksBehind(GoldenRun run, IGeometry geometry)
    {
        using var optimizer = run.Wrap(new SharpnessAwareOptions { Rho = run.Number("rho"), Geometry = geometry });
        var alpha = run.Number("alpha");
        using var lookbehind = new Lookbehind(optimizer, run.Whole("k_steps"), alpha < 0 ? null : alpha);
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = lookbehind.Step(() => run.Problem.Backward(t));
            run.Near("loss", t * run.Whole("k_steps"), loss);
            run.WeightsNear(t);
        }
    }
}
