using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Checks of tensors that callers pass, before libtorch sees them.</summary>
internal static class TensorCheck
{
    /// <summary>Returns a tensor of dense real numbers.</summary>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    /// <exception cref="ArgumentException">It has been disposed, is sparse or on the meta device, or holds whole or complex numbers.</exception>
    public static Tensor RequireReal([NotNull] Tensor? tensor, [CallerArgumentExpression(nameof(tensor))] string name = "tensor")
    {
        ArgumentNullException.ThrowIfNull(tensor, name);
        if (tensor.IsInvalid) throw new ArgumentException($"{name} has been disposed.", name);
        if (tensor.is_sparse) throw new ArgumentException($"{name} is sparse; dense numbers are needed: call to_dense().", name);
        if (tensor.device_type == DeviceType.META) throw new ArgumentException($"{name} is on the meta device, where there are no numbers.", name);
        return tensor.is_floating_point() ? tensor
            : throw new ArgumentException($"{name} has dtype {tensor.dtype}; floating-point numbers are needed.", name);
    }

    /// <summary>Returns a vector of dense real numbers.</summary>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    /// <exception cref="ArgumentException">As for <see cref="RequireReal"/>, or it has other than one dimension.</exception>
    public static Tensor RequireVector([NotNull] Tensor? tensor, [CallerArgumentExpression(nameof(tensor))] string name = "tensor")
    {
        RequireReal(tensor, name);
        return tensor.dim() == 1 ? tensor
            : throw new ArgumentException($"{name} has shape [{string.Join(", ", tensor.shape)}]; one number per example is needed.", name);
    }
}
