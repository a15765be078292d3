namespace SamSharp.Optimizers;

/// <summary>A tensor that an optimizer keeps for each of its parameters.</summary>
/// <param name="name">PyTorch's name for it, if PyTorch has it.</param>
internal sealed class StateTensor(string name)
{
    public string Name => name;

    /// <summary>Its shape for a parameter's shape; null if such a parameter has none. Default: the parameter's shape.</summary>
    public Func<long[], long[]?> ShapeFor { get; init; } = shape => shape;

    /// <summary>Whether a group's options ask for it. Default: always.</summary>
    public Func<GroupOptions, bool> IsKept { get; init; } = _ => true;

    /// <summary>What it is filled with. Default: 0.</summary>
    public Func<GroupOptions, double>? Start { get; init; }

    /// <summary>Whether it does not exist before the first step, and so marks that step.</summary>
    public bool BeginsLater { get; init; }

    /// <summary>Whether it is the average of gradients or updates along which the weights move.</summary>
    public bool IsMomentum { get; init; }
}
