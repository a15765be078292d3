using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SamSharp.Samples.T5.Model;

/// <summary>x W^T + b.</summary>
/// <remarks>
/// libtorch multiplies float32 matrices on the CPU with MKL, whose kernels for AMD's processors do not use AVX-512. Its convolutions go to oneDNN,
/// whose kernels do: where there is AVX-512 and the processor is not Intel's, a linear map is computed as a convolution with kernels of one pixel,
/// which libtorch differentiates any number of times.
/// </remarks>
internal static class DenseProduct
{
    /// <summary>On one thread libtorch leaves such kernels to oneDNN only with so many images or more.</summary>
    private const int FewestImages = 16;

    /// <summary>Images of few rows each are slower.</summary>
    private const int MostImages = 64;

    /// <summary>Below so many rows, oneDNN's reordering of the weights costs what its products save.</summary>
    private const int FewestRows = 256;

    private static readonly bool SlowMatrices = Avx512F.IsSupported && !IsIntel();

    /// <param name="input">[.., inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs]; null: none.</param>
    /// <returns>[.., outputs].</returns>
    public static Tensor Of(Tensor input, Tensor weight, Tensor? bias = null) =>
        SlowMatrices && Images(input, weight) is { } images ? ByConvolution(input, weight, bias, images) : functional.linear(input, weight, bias);

    /// <summary>The product as a convolution over <paramref name="images"/> images, which must divide the rows of the input.</summary>
    internal static Tensor ByConvolution(Tensor input, Tensor weight, Tensor? bias, int images)
    {
        using var scope = NewDisposeScope();
        var (outputs, inputs) = (weight.shape[0], weight.shape[1]);
        // Channels last, as the rows lie in memory: nothing is copied.
        var pixels = input.reshape(images, -1, 1, inputs).permute(0, 3, 1, 2);
        var mapped = functional.conv2d(pixels, weight.view(outputs, inputs, 1, 1), bias);
        return mapped.permute(0, 2, 3, 1).reshape([.. input.shape[..^1], outputs]).MoveToOuterDisposeScope();
    }

    /// <summary>Into how many images the rows divide; null where a convolution gains nothing or libtorch does not give it to oneDNN.</summary>
    internal static int? Images(Tensor input, Tensor weight)
    {
        if (input.dtype != ScalarType.Float32 || weight.dtype != ScalarType.Float32 || input.device_type != DeviceType.CPU)
            return null;
        var inputs = weight.shape[1];
        var rows = input.NumberOfElements / inputs;
        if (rows < FewestRows)
            return null;
        for (var images = FewestImages; images <= MostImages; images++)
        {
            if (rows % images == 0)
                return images;
        }
        return null;
    }

    private static bool IsIntel()
    {
        // The vendor, 12 letters in the order of these registers: GenuineIntel.
        var (_, ebx, ecx, edx) = X86Base.CpuId(0, 0);
        return (ebx, edx, ecx) == (0x756E6547, 0x49656E69, 0x6C65746E);
    }
}
