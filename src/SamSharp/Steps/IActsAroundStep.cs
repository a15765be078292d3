using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>A combiner that moves the weights just before the base optimizer's step, or just after it, in plain steps too.</summary>
[InDisposeScope]
internal interface IActsAroundStep
{
    /// <summary>Called when the final gradients are known, on all processes alike. What it changes goes to <see cref="StepServices.Kept"/> first, so
    /// that a base optimizer that throws leaves it as it was. Default: nothing.</summary>
    /// <param name="services">What the step works with; parameters have their final gradients.</param>
    /// <param name="isMade">1 where the step will be made, 0 where it will be skipped, which must leave the weights as they are: float32, on the
    /// first parameters' device. Null if the step will be made whatever the numbers are.</param>
    void BeforeStep(StepServices services, Tensor? isMade)
    {
    }

    /// <summary>Called after the base optimizer's step, on all processes alike. Default: nothing.</summary>
    /// <param name="services">What the step works with; parameters still have their final gradients.</param>
    /// <param name="isMade">As for <see cref="BeforeStep"/>.</param>
    void AfterStep(StepServices services, Tensor? isMade)
    {
    }
}
