using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>The addend [length, length] that hides later positions, cached until the length, type or device changes.</summary>
internal sealed class CausalMask : IDisposable
{
    private Tensor? _mask;

    /// <summary>The mask, which this object owns.</summary>
    public Tensor Of(long length, ScalarType type, Device device)
    {
        if (_mask is null || _mask.shape[0] != length || _mask.dtype != type || !_mask.device.IsSameAs(device))
        {
            _mask?.Dispose();
            using var unrecorded = no_grad();
            using var hidden = ScalarArithmetic.Full([length, length], Precision.Lowest(type), type, device);
            _mask = hidden.triu(1).DetachFromDisposeScope();
        }
        return _mask;
    }

    public void Dispose() => _mask?.Dispose();

}
