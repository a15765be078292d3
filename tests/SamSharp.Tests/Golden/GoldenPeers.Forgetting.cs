using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>Perturbed forgetting, and its random counterpart.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Forgetting => new()
    {
        ["BorealisAI/perturbed-forgetting: SAM + OutputBiasForget"] = Forgets,
        ["BorealisAI/perturbed-forgetting: RandSAM"] = Forgets,
    };

    /// <summary>Each part of the batch has its own ascent. The peer's step goes against its draw.</summary>
    private static void Forgets(GoldenRun run)
    {
        var parts = run.Has("sharpness_m") ? (int)(run.Problem.Labels(0).shape[0] / run.Whole("sharpness_m")) : 1;
        var (before, after, isRandom) = (run.Is("asam_before_norm"), run.Is("asam_after_norm"), run.Text("perturb") == "random");
        var (step, current) = (0, 0);
        var noise = new GivenNoise(run, (name, number, draw) => run.Expected[$"noise.{name}"][number - 1][draw].neg());
        IGeometry geometry = before && after ? new AdaptiveGeometry(Kappa: 0)
            : after ? new WeightScaledGeometry()
            : before ? new ScaledDirection(new EuclideanGeometry())
            : new EuclideanGeometry();
        var recipe = new SharpnessAwareOptions
        {
            Rho = run.Number("rho"),
            Geometry = geometry,
            Combiner = run.Number("gsam_alpha") > 0
                ? new StoredAscent(run.Number("gsam_alpha"), before, run.Is("backup_normalized"), after,
                    isRandom ? slot => noise.Sample(slot, step + 1, current) : null)
                : new PerturbedGradient(),
        };
        using var optimizer = run.Wrap(isRandom ? recipe with { Direction = new RandomDirection(noise) } : recipe);
        for (; step < run.Problem.Steps; step++)
        {
            var losses = new List<double>();
            optimizer.Step([.. Enumerable.Range(0, parts).Select(part => new BatchPart(() =>
            {
                current = part;
                using var scope = NewDisposeScope();
                if (optimizer.IsPerturbed)
                {
                    var perturbed = run.Problem.BackwardPart(step, part, parts);
                    losses.Add(perturbed.to(float64).ReadDouble());
                    return perturbed.MoveToOuterDisposeScope();
                }
                var logits = run.Problem.Logits(run.Problem.Inputs(step).chunk(parts)[part]);
                var loss = SamSharp.Objectives.Forgetting(logits, run.Problem.Labels(step).chunk(parts)[part], run.Number("gamma"), run.Number("C"),
                    run.Is("sigmoid"));
                loss.backward();
                return loss.MoveToOuterDisposeScope();
            }))]).Dispose();
            Assert.Equal(parts, losses.Count);
            for (var part = 0; part < parts; part++) run.NearLoss("loss_adv", step, part, losses[part]);
            run.WeightsNear(step);
        }
    }

    /// <summary>|w| times the direction, before its norm is taken.</summary>
    private sealed record ScaledDirection(IGeometry Wrapped) : GeometryDecorator(Wrapped)
    {
        public override Tensor Norm(Ascent ascent)
        {
            foreach (var bucket in ascent.Buckets) bucket.Direction = [.. bucket.Weights.Zip(bucket.Direction, (w, d) => w.abs().mul(d))];
            return base.Norm(ascent);
        }
    }

    /// <summary>g+ less a multiple of the part of the stored ascent that is orthogonal to it. What is stored may be scaled by |w|, and
    /// normalized.</summary>
    private sealed record StoredAscent(double Alpha, bool Scaled, bool Normalized, bool ScaledAfter, Func<ParameterSlot, Tensor>? Drawn) : ICombiner
    {
        public bool NeedsAscentGradients => Drawn is null;

        public bool LeavesGradients => true;

        public void Combine(Descent descent)
        {
            var buckets = Drawn is null ? descent.Pairs : descent.Buckets;
            Tensor[] Times(ParameterBucket bucket, Tensor[] vectors, bool scaled) =>
                scaled ? [.. bucket.Weights.Zip(vectors, (w, v) => w.abs().mul(v))] : vectors;
            var stored = buckets.ToDictionary(bucket => bucket, bucket =>
                Times(bucket, Drawn is null ? bucket.AtWeights : [.. bucket.Parameters.Select(Drawn)], Scaled));
            if (Normalized)
            {
                var inverse = descent.Inverse(descent.GlobalNorm(buckets, bucket => descent.Norm(stored[bucket])));
                foreach (var bucket in buckets) stored[bucket] = Times(bucket, Array.ConvertAll(stored[bucket], v => v.mul(inverse)), ScaledAfter);
            }
            var product = StepPhase.Sum(buckets, bucket => descent.Dot(stored[bucket], bucket.AtPerturbed));
            var along = descent.Along(product, descent.GlobalNorm(buckets, bucket => descent.Norm(bucket.AtPerturbed)));
            foreach (var bucket in buckets)
                descent.Mix(bucket.AtPerturbed, along.Times(Alpha).Plus(1), stored[bucket], along.FullLike(-Alpha));
        }
    }
}
