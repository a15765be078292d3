using System.Diagnostics.CodeAnalysis;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The two passes of a step over chosen examples. No dispose scope is open while the user's losses are computed, so that
/// everything else created there lives on.</summary>
internal sealed class ExamplePass(Func<Tensor?, Tensor> losses, IExampleRule rule, Action<Tensor> backward) : IDisposable
{
    private readonly List<Tensor> _made = [];
    private Tensor? _atWeights;
    private Tensor? _again;

    public Tensor Ascent()
    {
        if (rule.LooksFirst) _atWeights = Look();
        return Backward(Choose(() => rule.ForAscent(_atWeights)), isAscent: true);
    }

    public Tensor Descent()
    {
        if (rule.LooksFirst) _atWeights ??= Look();
        _again = rule.LooksAgain && _atWeights is not null ? Look() : null;
        return Backward(Choose(() => rule.ForDescent(_atWeights, _again)), isAscent: false);
    }

    public void Dispose()
    {
        foreach (var tensor in _made) tensor.Dispose();
    }

    private Tensor Look()
    {
        using var noGradient = no_grad();
        var looked = losses(null);
        RequireVector(looked);
        Keep(looked);
        Autocast.DropCopies(); // those made without gradients would cut the weights off
        return looked;
    }

    /// <summary>Makes a pass over a subset. An ascent over all examples also gives their losses at w.</summary>
    private Tensor Backward(ExampleSubset subset, bool isAscent)
    {
        using var own = losses(subset.Rows);
        RequireVector(own);
        RequireFit(own, subset.Weights);
        if (isAscent && subset.Rows is null) _atWeights ??= Keep(own.detach());
        using var weighted = subset.Weights is null ? null : own * subset.Weights;
        var loss = (weighted ?? own).mean();
        backward(loss);
        return loss;
    }

    private ExampleSubset Choose(Func<ExampleSubset> choose)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var subset = choose();
        foreach (var tensor in new[] { subset.Rows, subset.Weights }.OfType<Tensor>()) Keep(tensor);
        return subset;
    }

    private Tensor Keep(Tensor tensor)
    {
        _made.Add(tensor);
        return tensor.DetachFromDisposeScope();
    }

    private static void RequireVector([NotNull] Tensor? losses)
    {
        ClosureResult.Require(losses, "the losses of the examples");
        if (losses.dim() != 1)
            throw new ArgumentException($"The losses have shape [{string.Join(", ", losses.shape)}]; one number per example is needed " +
                "(reduction: none, then a mean over everything except the examples).");
        TensorCheck.RequireReal(losses);
    }

    private static void RequireFit(Tensor losses, Tensor? weights)
    {
        if (weights is null) return;
        TensorCheck.RequireVector(weights, "the rule's weights");
        if (weights.shape[0] != losses.shape[0])
            throw new ArgumentException($"The rule gives {weights.shape[0]} weights for {losses.shape[0]} losses; each example needs one.");
    }
}
