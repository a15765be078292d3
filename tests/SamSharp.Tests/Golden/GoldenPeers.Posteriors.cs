using SamSharp.Steps;
using TorchSharp.Modules;

namespace SamSharp.Tests.Golden;

/// <content>Weights with a distribution.</content>
internal static partial class GoldenPeers
{
    private const string MeanOf = "_mu", DeviationOf = "_rho";

    private static Dictionary<string, Action<GoldenRun>> Posteriors => new()
    {
        ["anh-ntv/OT_MDR: SAM(geometry=True)"] = FlatPosterior,
    };

    /// <summary>The peer takes the raw parameter for sigma, 1 in its first steps, and the mean that has moved already for the perturbation
    /// of the deviation; a run from the text does not.</summary>
    private static void FlatPosterior(GoldenRun run)
    {
        var (step, fromText) = (0, !run.Has("count_start"));
        var pairs = run.Problem.Parameters.Keys.Where(name => name.EndsWith(MeanOf, StringComparison.Ordinal)).Select(name =>
            (run.ParameterOf(name), run.ParameterOf($"{name[..^MeanOf.Length]}{DeviationOf}"))).ToArray();
        var recipe = Recipe.VariationalSam(pairs, run.Number("rho"), fromText ? null
            : raw => run.Whole("count_start") + step + 1 < 10 ? ones_like(raw) : raw.alias(), perturbsDeviations: !run.Is("ignore_sigma"));
        using var optimizer = run.Wrap(fromText ? recipe : recipe with { Geometry = new MovedMean(recipe.Geometry, pairs) });
        for (; step < run.Problem.Steps; step++)
        {
            using var loss = optimizer.Step(() => LossOfDraws(run, step));
            run.Near("loss", step, loss);
            run.NearLoss("loss_adv", step, 0, optimizer.LastStep.PerturbedLoss);
            run.WeightsNear(step);
        }
    }

    /// <summary>The loss with weights mu + eps softplus(rho), after backward().</summary>
    private static Tensor LossOfDraws(GoldenRun run, int step)
    {
        using var scope = NewDisposeScope();
        Tensor Weight(string name) => run.ParameterOf(name + MeanOf).PlusProduct(run.Expected[$"noise.{name}"][step].to(run.Dtype),
            run.ParameterOf(name + DeviationOf).exp().log1p());
        var hidden = nn.functional.linear(run.Problem.Inputs(step), Weight("fc1_W"), Weight("fc1_b")).tanh() * run.ParameterOf("scale");
        var loss = nn.functional.cross_entropy(nn.functional.linear(hidden, Weight("fc2_W"), Weight("fc2_b")), run.Problem.Labels(step));
        loss.backward();
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Deviations are perturbed in proportion to the square of their mean, which the peer has moved by then.</summary>
    private sealed record MovedMean(IGeometry Wrapped, (Parameter Mean, Parameter Deviation)[] Pairs) : GeometryDecorator(Wrapped)
    {
        public override void Perturb(Ascent ascent, Tensor norm)
        {
            var before = ascent.Buckets.SelectMany(bucket => bucket.Parameters.Zip(bucket.Weights)
                .Select(pair => (pair.First.Parameter.Handle, pair.Second.detach().clone()))).ToDictionary();
            Wrapped.Perturb(ascent, norm);
            var after = ascent.Buckets.SelectMany(bucket => bucket.Parameters.Zip(bucket.Results)
                .Select(pair => (pair.First.Parameter.Handle, pair.Second))).ToDictionary();
            foreach (var (mean, deviation) in Pairs)
            {
                if (!after.TryGetValue(deviation.Handle, out var moved)) continue;
                var ratio = after[mean.Handle].div(before[mean.Handle]).Squared();
                moved.copy_(before[deviation.Handle].Plus(moved.sub(before[deviation.Handle]).mul(ratio)));
            }
        }
    }
}
