using SamSharp.Steps;
using static TorchSharp.torch.optim;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// GraphSAM's direction: the gradient at w, taken anew every so many steps, and between them followed by what the descents show: h = g in a refreshing step; after every
/// step h = beta h + (1 - beta) g(w + e) / ||g(w + e)||, with a norm for each tensor (Wang et al., GraphSAM, 2024; YL-wang/GraphSAM). Only refreshing steps have two passes.
/// </summary>
/// <remarks>h, one copy of the perturbed parameters, is kept in checkpoints. A parameter that had no gradient when h was refreshed last has h = 0.</remarks>
public sealed class RefreshedAverage : IDirection, IDisposable
{
    private readonly SlotTensors _average = new();
    private readonly int _every;
    private readonly double _beta;

    /// <summary>A direction refreshed in steps 1, 1 + every, 1 + 2 every, ...</summary>
    /// <param name="every">The interval; the authors refresh once an epoch. 1 takes the gradient in every step.</param>
    /// <param name="beta">What h keeps of itself in a step, from 0 to 1. Default 0.99 (the official code).</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public RefreshedAverage(int every, double beta = 0.99)
    {
        _every = Check.Positive(every);
        _beta = Check.Fraction(beta);
    }

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => (number - 1) % _every == 0;

    /// <inheritdoc/>
    public string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => History.Objection(this, options);

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        if (NeedsGradients(ascent.Step)) _average.Dispose();
        foreach (var list in ascent.Lists)
        {
            var average = _average.Of(list.Slots);
            if (NeedsGradients(ascent.Step)) ascent.Kernels.Copy(average, list.Gradients);
            list.Direction = average;
        }
    }

    /// <inheritdoc/>
    public void Observe(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var list in descent.Lists)
        {
            var known = Enumerable.Range(0, list.Slots.Count).Where(i => _average.Find(list.Slots[i]) is not null).ToArray();
            var average = Array.ConvertAll(known, i => _average.Find(list.Slots[i])!);
            var units = Array.ConvertAll(known, i => Unit(list.Gradients[i]));
            descent.Kernels.Mix(average, Pass.Factor(list, _beta), units, Pass.Factor(list, 1 - _beta));
        }
    }

    private static Tensor Unit(Tensor gradient) => gradient / (linalg.vector_norm(gradient) + 1e-12);

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Tensors("average", _average);
    }

    /// <summary>Frees the average.</summary>
    public void Dispose() => _average.Dispose();
}
