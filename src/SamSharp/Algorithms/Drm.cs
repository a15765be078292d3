using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Recipe
{
    /// <summary>Diametrical risk minimization (Norton, Royset, "Diametrical Risk Minimization: Theory and Computations", 2021, used by
    /// McCollum et al. 2023; matthew-norton/Diametrical_Learning); see <see cref="WorstDirection"/>.</summary>
    /// <param name="loss">Computes the loss of the current batch, and does not call <c>backward()</c>.</param>
    /// <param name="rho">The length of each tensor's part of the perturbation, gamma there. Default 1 (the official scripts use 1 or 10).</param>
    /// <param name="draws">The number of random directions that are tried. Default 20 (the official code).</param>
    /// <param name="every">The number of steps that use the worst of them. Default 5 (the official code).</param>
    /// <param name="seed">Seed of the directions. Default 0.</param>
    [Published("Diametrical risk (DRM)", "Norton, Royset 2021", "0", "3")]
    public static SharpnessAwareOptions Drm(Func<Tensor> loss, double rho = 1, int draws = 20, int every = 5, long seed = 0) => new()
    {
        Rho = rho,
        Direction = new WorstDirection(loss, draws, every, new GaussianNoise(seed)),
        Geometry = new RawGeometry(),
    };
}

/// <summary>
/// The worst of several random directions, each with every tensor at length 1: the one at which the loss of the batch is largest. It is found by
/// forward passes alone, and serves for some steps; the steps themselves have one pass.
/// </summary>
/// <remarks>This is the text's rule. The published code keeps the last direction instead of the worst, since all share one dictionary, and mixes
/// activations at w + v with weights at w.</remarks>
/// <param name="Loss">Computes the loss of the current batch, without gradients.</param>
/// <param name="Draws">The number of directions that are tried, at least 1.</param>
/// <param name="Every">The number of steps that use the worst of them, at least 1.</param>
/// <param name="Noise">The directions before each tensor is brought to length 1.</param>
internal sealed record WorstDirection(Func<Tensor> Loss, int Draws, int Every, INoise Noise) : IDirection
{
    private const string Drawn = "step", Chosen = "draw";

    /// <summary>Computes the loss of the current batch, without gradients.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public Func<Tensor> Loss { get; init => field = Check.Given(value, nameof(Loss)); } = Check.Given(Loss);

    /// <summary>The number of directions that are tried, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or more than 1000.</exception>
    public int Draws { get; init => field = Check.Passes(value, "draws"); } = Check.Passes(Draws, "draws");

    /// <summary>The number of steps that use the worst of them, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Every { get; init => field = Check.Positive(value, "every"); } = Check.Positive(Every, "every");

    /// <inheritdoc/>
    public bool Remembers => true;

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        var memory = ascent.MemoryOf(this);
        if (memory.Number(Drawn) == 0 || ascent.Step >= memory.Number(Drawn) + Every)
        {
            memory.Set(Chosen, Choose(ascent));
            memory.Set(Drawn, ascent.Step);
        }
        var (step, draw) = ((long)memory.Number(Drawn), (int)memory.Number(Chosen));
        foreach (var bucket in ascent.Buckets) bucket.Direction = Units(bucket, step, draw);
    }

    /// <summary>The draw at which the loss is largest. It is a function of step and number, so that no direction is kept.</summary>
    private int Choose(Ascent ascent)
    {
        var (services, worst, highest) = (ascent.Services, 0, double.NegativeInfinity);
        services.Statistics.Save();
        for (var draw = 0; draw < Draws; draw++)
        {
            using var scope = NewDisposeScope();
            services.Weights.Move(ascent.Buckets, () =>
            {
                foreach (var bucket in ascent.Buckets) ascent.PerturbBy(bucket, Units(bucket, ascent.Step, draw), bucket.Radius);
            });
            try
            {
                var loss = ClosureErrors.Explain(Loss);
                ScalarLoss.Require(loss);
                var height = loss.ReadDouble();
                if (height > highest) (worst, highest) = (draw, height);
            }
            finally
            {
                services.PutBack();
            }
        }
        return worst;
    }

    private Tensor[] Units(ParameterBucket bucket, long step, int draw) => [.. bucket.Parameters.Select(slot =>
    {
        var noise = Noise.Sample(slot, step, draw);
        return noise.div_(noise.EuclideanNorm());
    })];
}
