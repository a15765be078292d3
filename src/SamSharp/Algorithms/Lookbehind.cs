using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Lookbehind-SAM: on each batch, k consecutive ascents, each followed by a base optimizer step with the gradient at its end; then the
/// weights move part of the way (Mordido, Malviya, Baratin, Chandar, "Lookbehind-SAM: k Steps Back, 1 Step Forward", 2024).
/// </summary>
/// <remarks>With p and f starting at w, k times: p := p + e(p); f := base step from f with the gradient at p. Then w := w + alpha (f - w). The base
/// optimizer's state continues through all inner steps, which count as steps. It makes 2k passes, as chandar-lab/Lookbehind-SAM does.</remarks>
public sealed class Lookbehind : IDisposable
{
    private readonly SharpnessAwareOptimizer _optimizer;
    private readonly SlotTensors _slow = new(), _fast = new(), _first = new(), _climbed = new(), _next = new();
    private readonly int _steps;
    private readonly double? _alpha;

    /// <summary>Creates Lookbehind around an optimizer, whose geometry makes the ascents (<see cref="Recipe.Sam"/> or ASAM).</summary>
    /// <param name="optimizer">The optimizer that makes the inner steps; its combiner must not act after the step.</param>
    /// <param name="steps">k, at least 1. Default 5 (chandar-lab/Lookbehind-SAM).</param>
    /// <param name="alpha">The part of the way, in [0, 1]; null for the adaptive alpha, which is (cos(first inner result - w, last - w) + 1)
    /// / 2 for each tensor. Default 0.5 (the same; the paper tries 0.2, 0.5 and 0.8).</param>
    /// <exception cref="ArgumentOutOfRangeException">steps is less than 1, or alpha is outside [0, 1].</exception>
    public Lookbehind(SharpnessAwareOptimizer optimizer, int steps = 5, double? alpha = 0.5)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        _optimizer = optimizer;
        _steps = Check.Positive(steps);
        _alpha = alpha is null or (>= 0 and <= 1) ? alpha : throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "alpha must lie in [0, 1].");
    }

    /// <summary>Makes the step for one batch.</summary>
    /// <param name="closure">Computes the loss, calls <c>backward()</c> and returns the loss; called 2k times.</param>
    /// <returns>The loss at w, without history.</returns>
    public Tensor Step(Func<Tensor> closure)
    {
        ArgumentNullException.ThrowIfNull(closure);
        foreach (var start in new[] { _slow, _fast, _climbed }) Take(start);
        Tensor? loss = null;
        var ended = false;
        try
        {
            for (var i = 0; i < _steps; i++)
            {
                Put(_climbed);
                var own = _optimizer.Gradient(() =>
                {
                    if (_optimizer.IsPerturbed) Take(_next);
                    return closure();
                });
                if (loss is null) loss = own.detach().DetachFromDisposeScope();
                own.Dispose();
                if (_optimizer.LastStep.Perturbed) Take(_climbed, from: _next);
                Put(_fast);
                _optimizer.Apply();
                Take(_fast);
                if (i == 0) Take(_first);
            }
            ended = true;
            return loss!;
        }
        finally
        {
            Put(_slow);
            if (ended) GoPartOfTheWay();
            else loss?.Dispose();
        }
    }

    /// <summary>Frees the copies of the weights.</summary>
    public void Dispose()
    {
        foreach (var copies in new[] { _slow, _fast, _first, _climbed, _next }) copies.Dispose();
    }

    private void GoPartOfTheWay()
    {
        using var noGradient = no_grad();
        foreach (var slot in _optimizer.Parameters)
        {
            using var scope = NewDisposeScope();
            var way = _fast.Find(slot)! - slot.Parameter;
            var share = _alpha is { } alpha ? tensor(alpha, way.dtype, way.device) : Alignment(_first.Find(slot)! - slot.Parameter, way);
            slot.Parameter.IncreaseBy(way.mul_(share));
        }
        Autocast.DropCopies();
    }

    /// <summary>(cos + 1) / 2; 1/2 where either vector is 0 and the value does not matter.</summary>
    [InDisposeScope]
    private static Tensor Alignment(Tensor first, Tensor whole)
    {
        var cosine = (first * whole).sum() / (first.norm() * whole.norm());
        return cosine.nan_to_num(0, 0, 0).IncreaseBy(1).DivideBy(2);
    }

    private void Take(SlotTensors copies, SlotTensors? from = null)
    {
        using var noGradient = no_grad();
        foreach (var slot in _optimizer.Parameters) copies.Of([slot])[0].copy_(from is null ? slot.Parameter : from.Find(slot)!);
    }

    private void Put(SlotTensors copies)
    {
        using var noGradient = no_grad();
        foreach (var slot in _optimizer.Parameters) slot.Parameter.copy_(copies.Find(slot)!);
    }
}
