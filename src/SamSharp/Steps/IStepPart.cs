using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>
/// What directions, geometries, radius schedules and combiners have in common. A part is a value, best an immutable record, which optimizers and
/// threads may share. What it remembers from step to step lives in a <see cref="PartMemory"/> that the optimizer owns and saves.
/// </summary>
public interface IStepPart
{
    /// <summary>The parts that this one is built from. Default: none.</summary>
    IEnumerable<IStepPart> Inner => [];

    /// <summary>Whether the part remembers something from step to step. Default: false.</summary>
    bool Remembers => false;

    /// <summary>Why this part cannot work with the others or with the base optimizer: a sentence for the user that names the remedy; null (default)
    /// if it can. Called once, when the optimizer is built.</summary>
    string? Objection(SharpnessAwareOptions options, Optimizer baseOptimizer) => null;
}
