using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// ARWP's random direction, smaller where gradients are large: d = noise / sqrt(1 + eta F), where after each step F = beta F + sum g^2, with g the gradient at the perturbed
/// weights and the sum over each filter; element by element for vectors, as in the code (Li, Tao et al., "Revisiting Random Weight Perturbation for Efficiently Improving
/// Generalization", 2024; nblt/mARWP).
/// </summary>
/// <remarks>eta = 0 is <see cref="RandomDirection"/>. F, one number per filter, is kept in checkpoints.</remarks>
public sealed class AdaptedNoise : IDirection, IDisposable
{
    private readonly SlotTensors _squares = new();
    private readonly INoise _noise;
    private readonly double _eta;
    private readonly double _beta;

    /// <summary>A direction from the given noise.</summary>
    /// <param name="noise">The random vectors.</param>
    /// <param name="eta">How much the gradients count, at least 0. Default 1 (the official code; its run file has 0.1).</param>
    /// <param name="beta">What F keeps of itself in a step, from 0 to 1. Default 0.9 (the official code; its run file has 0.99).</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public AdaptedNoise(INoise noise, double eta = 1, double beta = 0.9)
    {
        ArgumentNullException.ThrowIfNull(noise);
        _noise = noise;
        _eta = Check.NonNegative(eta);
        _beta = Check.Fraction(beta);
    }

    /// <inheritdoc/>
    public bool NeedsGradients(long number) => false;

    /// <inheritdoc/>
    public void Aim(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        foreach (var list in ascent.Lists)
        {
            list.Direction = list.Slots.Select(slot =>
            {
                var noise = _noise.Sample(slot, ascent.Step, ascent.Draw);
                return _squares.Find(slot) is { } squares ? noise.div_(squares.mul(_eta).add_(1).sqrt_()) : noise;
            }).ToArray();
        }
    }

    /// <inheritdoc/>
    public void Observe(Descent descent)
    {
        ArgumentNullException.ThrowIfNull(descent);
        foreach (var list in descent.Lists)
        {
            for (var i = 0; i < list.Slots.Count; i++)
            {
                var sums = Filters.SquareSums(list.Gradients[i].to(list.Accumulator));
                _squares.Of([list.Slots[i]], _ => zeros_like(sums))[0].mul_(_beta).add_(sums);
            }
        }
    }

    /// <inheritdoc/>
    public void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.Tensors("squares", _squares);
    }

    /// <summary>Frees F.</summary>
    public void Dispose() => _squares.Dispose();
}
