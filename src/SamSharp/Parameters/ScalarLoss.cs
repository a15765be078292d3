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
        ClosureResult.Require(loss, "the loss");
        if (loss.device_type == TorchSharp.DeviceType.META)
            throw new InvalidOperationException("The loss is on the meta device, where numbers are not computed.");
        if (loss.is_complex()) throw new InvalidOperationException($"The loss has dtype {loss.dtype}; it must be a real number.");
        if (loss.NumberOfElements != 1)
            throw new InvalidOperationException($"The loss has shape [{string.Join(", ", loss.shape)}]; it must be one number: take its mean.");
    }

    /// <summary>Returns the loss, which can be differentiated.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Require"/>, or no trainable parameter leads to the loss.</exception>
    public static Tensor RequireGraph([NotNull] Tensor? loss)
    {
        Require(loss);
        return loss.requires_grad ? loss : throw new InvalidOperationException(
            "The loss does not depend on the model's trainable parameters: it was detached or computed under no_grad, or every parameter is frozen.");
    }
}
