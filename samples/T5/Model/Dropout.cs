using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

internal static class Dropout
{
    /// <summary>Zeroes values with a probability while training; otherwise the tensor itself, untouched and not copied.</summary>
    public static Tensor Apply(Tensor values, double probability, bool training) =>
        training && probability > 0 ? functional.dropout(values, probability, training: true) : values;
}
