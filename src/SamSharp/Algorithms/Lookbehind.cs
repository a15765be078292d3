using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Lookbehind-SAM: on each batch, k consecutive ascents, each followed by a base optimizer step with the gradient at its end; then the
/// weights move part of the way (Mordido, Malviya, Baratin, Chandar, "Lookbehind-SAM: k Steps Back, 1 Step Forward", 2024).
/// </summary>
/// <remarks>With p and f starting at w, k times: p := p + e(p); f := base step from f with the gradient at p. Then w := w + alpha (f - w). The base
/// optimizer's state continues through all inner steps, which count as steps. It makes 2k passes, as chandar-lab/Lookbehind-SAM does. While a step
/// with k above 1 runs, a temporary file holds the optimizer's state too, so that a step that throws can be undone.</remarks>
public sealed class Lookbehind : IDisposable
{
    private readonly SharpnessAwareOptimizer _optimizer;
    private readonly TurnGate _gate = new(nameof(Lookbehind));
    private readonly SlotTensors _slow = new(), _fast = new(), _first = new(), _climbed = new(), _next = new();
    private readonly int _steps;
    private readonly double? _alpha;

    private GuardedBase Base => _optimizer.Services.Base;

    /// <summary>Creates Lookbehind around an optimizer, whose geometry makes the ascents (<see cref="Recipe.Sam"/> or ASAM).</summary>
    /// <param name="optimizer">The optimizer that makes the inner steps; its combiner must not act after the step.</param>
    /// <param name="steps">k, from 1 to 1000. Default 5 (chandar-lab/Lookbehind-SAM).</param>
    /// <param name="alpha">The part of the way, in [0, 1]; null for the adaptive alpha, which is (cos(first inner result - w, last - w) + 1)
    /// / 2 for each tensor. Default 0.5 (the same; the paper tries 0.2, 0.5 and 0.8).</param>
    /// <exception cref="ArgumentOutOfRangeException">steps is less than 1 or more than 1000, or alpha is outside [0, 1].</exception>
    public Lookbehind(SharpnessAwareOptimizer optimizer, int steps = 5, double? alpha = 0.5)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        _optimizer = optimizer;
        _steps = Check.Passes(steps);
        _alpha = alpha is null or (>= 0 and <= 1) ? alpha : throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "alpha must lie in [0, 1].");
    }

    /// <summary>Makes the step for one batch. A step that throws changes nothing: weights, states, statistics and random numbers are as
    /// before.</summary>
    /// <param name="closure">Computes the loss, calls <c>backward()</c> and returns the loss; called 2k times.</param>
    /// <returns>The loss at w, without history.</returns>
    /// <exception cref="InvalidOperationException">A step is under way; or as for <see cref="SharpnessAwareOptimizer.Gradient"/>.</exception>
    public Tensor Step(Func<Tensor> closure)
    {
        ArgumentNullException.ThrowIfNull(closure);
        using var turn = _gate.Enter();
        // A single inner step undoes itself.
        using var backup = _steps > 1 && _optimizer.Services.Base.State() is not null ? new OptimizerBackup(_optimizer.Services) : null;
        backup?.Take();
        Base.TakeUpChanges(_optimizer.Parameters, _optimizer.Services.Kernels);
        foreach (var start in new[] { _slow, _fast, _climbed }) Take(start);
        Tensor? loss = null;
        var ended = false;
        try
        {
            for (var i = 0; i < _steps; i++)
            {
                var own = MakeInnerStep(closure);
                if (loss is null) loss = own.detach().DetachFromDisposeScope();
                own.Dispose();
                if (i == 0) Take(_first, from: _fast);
            }
            ended = true;
            return loss!;
        }
        finally
        {
            Put(_slow);
            if (ended) GoPartOfTheWay();
            else
            {
                loss?.Dispose();
                backup?.Return();
            }
        }
    }

    /// <summary>Climbs on from p, and steps on from f. A step that is skipped leaves both.</summary>
    private Tensor MakeInnerStep(Func<Tensor> closure)
    {
        Put(_climbed);
        var loss = _optimizer.Gradient(() =>
        {
            if (_optimizer.IsPerturbed) Take(_next);
            return closure();
        });
        Put(_fast);
        _optimizer.Apply();
        if (_optimizer.LastStep is { Perturbed: true, Skipped: false }) Take(_climbed, from: _next);
        Take(_fast);
        return loss;
    }

    /// <summary>Frees the copies of the weights.</summary>
    public void Dispose()
    {
        _gate.Close();
        foreach (var copies in new[] { _slow, _fast, _first, _climbed, _next }) copies.Dispose();
    }

    private void GoPartOfTheWay()
    {
        using var noGradient = no_grad();
        foreach (var slot in _optimizer.Parameters)
        {
            using var scope = NewDisposeScope();
            var weights = Base.WidestOf(slot);
            var way = _fast.Find(slot)! - weights;
            var share = _alpha is { } alpha ? tensor(alpha, way.dtype, way.device) : Alignment(_first.Find(slot)! - weights, way);
            weights.IncreaseBy(way.mul_(share));
        }
        Base.RoundMasters(_optimizer.Parameters);
        Autocast.DropCopies();
    }

    /// <summary>(cos + 1) / 2; 1/2 where either vector is 0 and the value does not matter.</summary>
    [InDisposeScope]
    private static Tensor Alignment(Tensor first, Tensor whole)
    {
        var (one, other) = (first.to(ScalarType.Float64), whole.to(ScalarType.Float64)); // products of half precision overflow
        var cosine = (one * other).sum() / (one.norm() * other.norm());
        return cosine.nan_to_num(0, 0, 0).IncreaseBy(1).DivideBy(2).to(whole.dtype);
    }

    private void Take(SlotTensors copies, SlotTensors? from = null)
    {
        using var noGradient = no_grad();
        foreach (var slot in _optimizer.Parameters)
        {
            using var scope = NewDisposeScope();
            var source = from is null ? Base.WidestOf(slot) : from.Find(slot)!;
            if (copies.Find(slot) is { } copy && copy.dtype == source.dtype) copy.copy_(source);
            else copies.Put(slot, source.detach().clone());
        }
    }

    private void Put(SlotTensors copies)
    {
        using var noGradient = no_grad();
        foreach (var slot in _optimizer.Parameters)
        {
            using var scope = NewDisposeScope();
            Base.WidestOf(slot).copy_(copies.Find(slot)!);
        }
        Base.RoundMasters(_optimizer.Parameters);
    }
}
