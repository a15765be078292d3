using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>Puts tensors back that user code could reach in the meantime, and may have replaced, reshaped or disposed.</summary>
internal static class Restoration
{
    /// <summary>Gives tensors the values of their copies. One that has another shape by now gets its own shape back in a storage of its own;
    /// one that has been disposed is left out. Call it without recording gradients.</summary>
    public static void PutBack(IReadOnlyList<Tensor> tensors, IReadOnlyList<Tensor> copies)
    {
        for (var i = 0; i < tensors.Count; i++) PutBack(tensors[i], copies[i]);
    }

    /// <inheritdoc cref="PutBack(IReadOnlyList{Tensor}, IReadOnlyList{Tensor})"/>
    public static void PutBack(Tensor tensor, Tensor copy)
    {
        if (tensor.IsInvalid) return;
        if (Fits(tensor, copy))
        {
            tensor.copy_(copy);
            return;
        }
        using var own = copy.clone();
        tensor.set_(own);
    }

    /// <summary>Whether a tensor can take a copy's values where it is.</summary>
    public static bool Fits(Tensor tensor, Tensor copy)
    {
        if (tensor.IsInvalid || tensor.dim() != copy.dim()) return false;
        for (var i = 0; i < tensor.dim(); i++)
        {
            if (tensor.size(i) != copy.size(i)) return false;
        }
        return tensor.is_contiguous() || !ParameterCheck.IsRepeated(tensor);
    }
}
