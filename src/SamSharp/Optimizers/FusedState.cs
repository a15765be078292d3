using TorchSharp;
using TorchSharp.Modules;

namespace SamSharp.Optimizers;

/// <summary>What a fused optimizer remembers of one parameter: tensors of its shape.</summary>
public abstract class FusedState : TensorState
{
    private protected FusedState(Parameter parameter, int index, int tensors) : base(parameter, index, tensors) =>
        Place = (parameter.device_type, parameter.device_index);

    /// <summary>Where the parameter lies.</summary>
    internal (DeviceType Type, int Index) Place { get; }

    /// <summary>What the operator takes once for all the tensors of a call, as far as it depends on a parameter's past.</summary>
    internal abstract long Stage { get; }

    private protected torch.Tensor Make(int tensor) => Tensors[tensor] ?? Make(tensor, _parameter.shape);
}
