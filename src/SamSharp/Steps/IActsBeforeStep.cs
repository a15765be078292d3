using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>A combiner that moves the weights just before the base optimizer's step.</summary>
[InDisposeScope]
internal interface IActsBeforeStep
{
    /// <summary>Called when the final gradients are known, on all processes alike, in plain steps too.</summary>
    /// <param name="services">What the step works with; parameters have their final gradients.</param>
    /// <param name="isMade">1 where the step will be made, 0 where it will be skipped, which must leave the weights as they are: float32, on the
    /// first parameters' device. Null if the step will be made whatever the numbers are.</param>
    void BeforeStep(StepServices services, Tensor? isMade);
}
