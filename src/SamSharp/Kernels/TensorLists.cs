using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>Lists of tensors that callers pass.</summary>
internal static class TensorLists
{
    /// <summary>All tensors are there.</summary>
    /// <exception cref="ArgumentNullException">The list is null.</exception>
    /// <exception cref="ArgumentException">A tensor is null.</exception>
    public static void Require([NotNull] Tensor[]? list, [CallerArgumentExpression(nameof(list))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(list, name);
        foreach (var tensor in list)
        {
            if (tensor is null) throw new ArgumentException("A tensor of the list is null.", name);
        }
    }
}
