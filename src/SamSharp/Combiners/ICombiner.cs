using SamSharp.Parameters;

namespace SamSharp.Combiners;

/// <summary>What the base optimizer gets from the two gradients.</summary>
public interface ICombiner
{
    /// <summary>Whether the gradients at w are kept until the second pass is done, at the cost of one copy of them in memory.</summary>
    bool NeedsAscentGradients { get; }

    /// <summary>Called at restored weights; turns <see cref="TensorList.Gradients"/>, the gradients at w + e that the parameters hold, into the final
    /// ones, in place.</summary>
    /// <param name="lists">All parameters with a gradient, with <see cref="TensorList.AscentGradients"/> when they are needed.</param>
    void Combine(IReadOnlyList<TensorList> lists);
}
