namespace SamSharp.Optimizers;

/// <summary>A tensor that an optimizer keeps for each of its parameters.</summary>
/// <param name="name">PyTorch's name for it, where PyTorch has it.</param>
internal sealed class StateTensor(string name)
{
    public string Name => name;

    /// <summary>Its shape for a parameter's; null where a parameter of that shape has none. Default: the parameter's.</summary>
    public Func<long[], long[]?> ShapeFor { get; init; } = shape => shape;

    /// <summary>Whether a group's options ask for it. Default: always.</summary>
    public Func<GroupOptions, bool> IsKept { get; init; } = _ => true;

    /// <summary>What it is filled with. Default: 0.</summary>
    public Func<GroupOptions, double>? Start { get; init; }

    /// <summary>Whether it does not exist before the first step, which is told by that.</summary>
    public bool BeginsLater { get; init; }

    /// <summary>Whether it is the average of gradients or updates along which the weights move.</summary>
    public bool IsMomentum { get; init; }
}
