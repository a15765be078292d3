using static TorchSharp.torch;

namespace SamSharp.Parameters;

/// <summary>
/// Finds parameters that are the same weights under two handles. TorchSharp's optimizers, which know parameters by handle, would update
/// such weights twice in every step.
/// </summary>
internal static class SharedStorage
{
    /// <exception cref="ArgumentException">Two slots hold the same weights.</exception>
    public static void RequireNone(IReadOnlyList<ParameterSlot> slots)
    {
        var seen = new Dictionary<(string Device, long Address), ParameterSlot>();
        foreach (var slot in slots)
        {
            var address = Address(slot.Parameter);
            if (address == 0 || !slot.Parameter.requires_grad) continue;
            if (!seen.TryAdd((slot.Parameter.device.ToString(), address), slot))
            {
                var other = seen[(slot.Parameter.device.ToString(), address)];
                throw new ArgumentException($"{slot.Describe()} is the same weights as {other.Describe()}, so the base optimizer would update " +
                    "them twice in each step. Tie weights by using one Parameter in both places.");
            }
        }
    }

    /// <summary>The address of a tensor's first element on its device; 0 for an empty tensor.</summary>
    private static long Address(Tensor tensor)
    {
        if (tensor.NumberOfElements == 0) return 0;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        // TorchSharp's Storage knows no half precision; bytes can be laid over any storage.
        var bytes = empty(0, uint8, tensor.device);
        bytes.set_(tensor);
        return bytes.storage<byte>().data_ptr().ToInt64() + (tensor.storage_offset() * tensor.element_size());
    }
}
