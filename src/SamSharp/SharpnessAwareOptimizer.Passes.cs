using SamSharp.Steps;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <content>Passes over the model, and what is read from them.</content>
public partial class SharpnessAwareOptimizer
{
    private Tensor Evaluate(Func<Tensor> closure) => _table.Evaluate(closure);

    /// <summary>A further pass of the same step. Its loss is ours to free, unless the closure returns one and the same tensor each time.</summary>
    private Tensor EvaluateAgain(Func<Tensor> closure, Tensor? firstLoss)
    {
        _replay?.Rewind(LastStep.Step, OnCuda);
        var loss = Evaluate(closure);
        var kept = loss.detach();
        if (!ReferenceEquals(loss, firstLoss)) loss.Dispose();
        return kept;
    }

    private void ReadGradients(string pass) => _table.RequireGradients(pass);

    /// <summary>1 if a loss or gradient of the step is not finite, else 0: a float32 on the first parameters' device.</summary>
    private Tensor FindNonFinite()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var device = _table.Lists[0].Device;
        var parts = WithGradients().Select(list => _options.Kernels.Norm(list.Gradients))
            .Concat(new[] { LastStep.LossTensor, LastStep.PerturbedLossTensor, LastStep.GradientNormTensor }.OfType<Tensor>())
            .Select(part => part.to(ScalarType.Float64, device).reshape([])).ToArray();
        return _options.Kernels.Norm(parts).isfinite().logical_not().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Parts that keep state must not take up numbers that are not finite, which would stay with them. Costs a value read from the device.</summary>
    private void CheckForParts() => _broken |= _keepsState && _options.SkipNonFinite && AnyNonFinite();

    /// <summary>The one place, but for the base optimizers that are not ours, where a step reads from the device.</summary>
    private bool AnyNonFinite()
    {
        using var found = FindNonFinite();
        return found.Value() > 0;
    }

    private Ascent NewAscent(int? draw = null) => new(LastStep.Step, draw ?? _draw,
        _table.Lists.Where(list => list.Slots.Count > 0 && list.IsPerturbed && Groups[list.Group].Perturbed).ToArray(), _options.Kernels, BaseOptimizer);

    private static Tensor CosineOfGradients(Descent descent)
    {
        Tensor Dot(Func<GradientPairs, Tensor[]> left, Func<GradientPairs, Tensor[]> right) =>
            descent.Sum(list => descent.Kernels.Dot(left(list.Pairs()), right(list.Pairs())));
        return Dot(pairs => pairs.AtWeights, pairs => pairs.AtPerturbed)
            / (Dot(pairs => pairs.AtWeights, pairs => pairs.AtWeights) * Dot(pairs => pairs.AtPerturbed, pairs => pairs.AtPerturbed)).sqrt();
    }

    private AscentStage[] StagesOf(Func<Tensor> closure) => Enumerable.Repeat(new AscentStage(closure), _options.AscentSteps).ToArray();

    private bool NeedsFirstPass => _options.Direction.NeedsGradients(LastStep.Step) || KeepsAscentGradients;

    /// <summary>Further passes start from the gradients at w again, unless the direction needs none.</summary>
    private bool KeepsAscentGradients => _options.Combiner.NeedsAscentGradients || _options.CompareGradients
        || (_options.Combiner.NeedsFurtherPasses && _options.Direction.NeedsGradients(LastStep.Step));

    private TensorList[] WithGradients() => _table.Lists.Where(list => list.Slots.Count > 0).ToArray();

    private void PutBack()
    {
        _weights.Restore();
        _statistics.Restore();
    }

    private bool OnCuda => _table.Lists.Any(list => list.Device.type == DeviceType.CUDA);
}
