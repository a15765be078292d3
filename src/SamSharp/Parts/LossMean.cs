using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The weighted mean of the losses of several runs of one step, at w and at w + e.</summary>
internal sealed class LossMean(StepReport report) : IDisposable
{
    private Tensor? _loss, _perturbedLoss;

    /// <summary>Adds the losses of the run that the report is about.</summary>
    public void Add(double share)
    {
        if (report.LossTensor is { } loss) AddTo(ref _loss, loss.alias(), share);
        if (report.PerturbedLossTensor is { } perturbed) AddTo(ref _perturbedLoss, perturbed.alias(), share);
    }

    /// <summary>Sets the report's losses to the means.</summary>
    public void Put() => (report.LossTensor, report.PerturbedLossTensor) = (_loss, _perturbedLoss);

    /// <summary>The mean loss at w, or at w + e without a pass at w; the caller owns it.</summary>
    public Tensor Take() => (_loss ?? _perturbedLoss!).alias();

    /// <summary>sum := sum + share part, where null counts as 0. Frees the part.</summary>
    public static void AddTo(ref Tensor? sum, Tensor part, double share)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var before = sum;
        var weighted = part.Times(share);
        part.Dispose();
        sum = (before is null ? weighted : before.Plus(weighted)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _loss?.Dispose();
        _perturbedLoss?.Dispose();
    }
}
