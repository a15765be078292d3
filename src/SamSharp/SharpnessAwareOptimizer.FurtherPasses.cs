using SamSharp.Steps;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>Passes at further points, for combiners that ask for them while the weights are at rest.</content>
public partial class SharpnessAwareOptimizer : IFurtherPasses
{
    private DisposeScope? _partsScope;

    FurtherPass IFurtherPasses.At(double reach) => FurtherPass(() =>
    {
        if (_ascent!.KeptNorm is not { } norm) return;
        SetReach(_ascent, reach);
        _ascent.ReturnDirections();
        _weights.Move(_ascent.Lists, () => _options.Geometry.Perturb(_ascent, norm));
    }, _closure!);

    FurtherPass IFurtherPasses.AtDraw(int draw) => FurtherPass(() =>
    {
        using var ascent = NewAscent(draw);
        Move(ascent, 1);
    }, _closure!);

    FurtherPass IFurtherPasses.AtPoint(Action<IReadOnlyList<TensorList>> move, Func<Tensor>? closure)
    {
        ArgumentNullException.ThrowIfNull(move);
        return FurtherPass(() => _weights.Move(_ascent!.Lists, () => move(_ascent.Lists)), closure ?? _closure!);
    }

    /// <summary>Evaluates a closure where <paramref name="move"/> takes the weights, and leaves weights, gradients and lists as they were.</summary>
    private FurtherPass FurtherPass(Action move, Func<Tensor> closure)
    {
        // The lists go back to the ascent's parameters and gradients at w; the gradients of the second pass are held meanwhile.
        var held = _table.TakeGradients();
        try
        {
            if (NeedsFirstPass) _table.ReturnAscentGradients();
            else _table.ReadNothing();
            move();
            _statistics.Save();
            var ours = _partsScope!.DisposablesView.ToHashSet();
            var loss = EvaluateAgain(closure, null);
            // What else the closure made belongs to the caller's scope, not to that of the combiner.
            _partsScope.MoveToOuter(_partsScope.DisposablesView.Where(made => !ours.Contains(made)).ToArray());
            _table.ReadGradients();
            return new FurtherPass(loss.DetachFromDisposeScope(), _table.TakeGradients());
        }
        finally
        {
            PutBack();
            _table.PutGradients(held);
        }
    }
}
