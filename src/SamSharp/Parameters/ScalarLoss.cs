using System.Diagnostics.CodeAnalysis;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>A loss is one number.</summary>
internal static class ScalarLoss
{
    /// <exception cref="InvalidOperationException">The loss is null; has several elements, or none; is on no device, is complex, or has been
    /// disposed.</exception>
    public static void Require([NotNull] Tensor? loss)
    {
        if (loss is null) throw new InvalidOperationException("The closure returned null; it must return the loss.");
        if (loss.IsInvalid) throw new InvalidOperationException("The loss that the closure returned has been disposed; return it alive.");
        if (loss.device_type == TorchSharp.DeviceType.META)
            throw new InvalidOperationException("The loss is on the meta device, where numbers are not computed.");
        if (loss.is_complex()) throw new InvalidOperationException($"The loss has dtype {loss.dtype}; it must be a real number.");
        if (loss.NumberOfElements != 1)
            throw new InvalidOperationException($"The loss has shape [{string.Join(", ", loss.shape)}]; it must be one number: take its mean.");
    }
}
