namespace SamSharp.Steps;

/// <summary>What the base optimizer gets from the two gradients.</summary>
public interface ICombiner : IRecipePart
{
    /// <summary>Whether the gradients at w are kept until the second pass is done, at the cost of one copy of them in memory.</summary>
    bool NeedsAscentGradients { get; }

    /// <summary>Whether it evaluates the closure at further points, which only a step with a closure can do. The gradients at w are then kept too,
    /// where the direction needs them. Default: false.</summary>
    bool NeedsFurtherPasses => false;

    /// <summary>Whether <see cref="AfterStep"/> does something. Default: false.</summary>
    bool ActsAfterStep => false;

    /// <summary>Sees the gradients at w + e while the weights are still there. Default: nothing.</summary>
    void Inspect(Descent descent)
    {
    }

    /// <summary>Called at restored weights; turns <see cref="TensorList.Gradients"/>, the gradients at w + e that the parameters hold, into the final
    /// ones, in place.</summary>
    /// <param name="descent">All parameters with a gradient, with <see cref="TensorList.AscentGradients"/> when they are needed.</param>
    void Combine(Descent descent);

    /// <summary>In a step whose radius is 0: may change the gradients at w, in place, before the base optimizer gets them. Default: nothing.</summary>
    void Plain(Descent descent)
    {
    }

    /// <summary>After the base optimizer's step, when the step was not plain and not skipped; the gradients are still held. Default: nothing.</summary>
    void AfterStep(Descent descent)
    {
    }
}
