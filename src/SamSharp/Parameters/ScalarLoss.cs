using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>A loss is one number.</summary>
internal static class ScalarLoss
{
    /// <exception cref="InvalidOperationException">The loss has several elements, or none.</exception>
    public static void Require(Tensor loss)
    {
        if (loss.NumberOfElements != 1)
            throw new InvalidOperationException($"The loss has shape [{string.Join(", ", loss.shape)}]; it must be one number: take its mean.");
    }
}
