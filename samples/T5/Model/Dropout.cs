using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

internal static class Dropout
{
    /// <summary>Zeroes values with a probability while training; otherwise returns the tensor itself, not a copy.</summary>
    public static Tensor Apply(Tensor values, double probability, bool training)
    {
        if (!training || probability <= 0)
            return values;
        if (!DropoutMask.Serves(values))
            return functional.dropout(values, probability, training: true);
        using var mask = DropoutMask.Draw(values, probability);
        return values * mask;
    }
}
