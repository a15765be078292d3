using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>What directions, geometries, radius schedules and combiners have in common. A part that keeps state belongs to one optimizer.</summary>
public interface IRecipePart
{
    /// <summary>Why this part cannot work with the others or with the base optimizer, as a sentence for the user with the remedy; null (default) when it can. Asked once,
    /// when the optimizer is built.</summary>
    string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => null;

    /// <summary>Passes everything that must survive in a checkpoint through <paramref name="state"/>, always the same things in the same order. Default: nothing.</summary>
    void Exchange(PartState state)
    {
    }
}
