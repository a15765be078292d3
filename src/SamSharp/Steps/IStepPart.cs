using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>
/// What directions, geometries, radius schedules and combiners have in common. A part is a value: best an immutable record, which optimizers and threads may share.
/// What it remembers from step to step lies in a <see cref="PartMemory"/> that the optimizer owns and saves.
/// </summary>
public interface IStepPart
{
    /// <summary>The parts that this one is built from. Default: none.</summary>
    IEnumerable<IStepPart> Inner => [];

    /// <summary>Whether it remembers something from step to step. Default: no.</summary>
    bool Remembers => false;

    /// <summary>Why this part cannot work with the others or with the base optimizer: a sentence for the user, with the remedy. Null (default) when it can.
    /// Asked once, when the optimizer is built.</summary>
    string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => null;
}
