using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// Finds parameters that are the same weights under two handles. TorchSharp's optimizers identify parameters by handle and would update such
/// weights twice in every step.
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
                throw new ArgumentException($"{slot.Describe()} holds the same weights as {other.Describe()}, so the base optimizer would update " +
                    "them twice in each step. Tie weights by using one Parameter in both places.");
            }
        }
    }

    /// <summary>The addresses at which more than one tensor of a module begins.</summary>
    public static HashSet<long> In(nn.Module? module) => module is null ? [] : module.parameters().Concat(module.buffers())
        .DistinctBy(tensor => tensor.Handle).GroupBy(Address).Where(tensors => tensors.Count() > 1).Select(tensors => tensors.Key).ToHashSet();

    /// <summary>Whether a tensor is alone in its storage, as far as can be known: its address is not among the
    /// given ones, and it fills the storage.</summary>
    public static bool IsOwn(Tensor tensor, HashSet<long> shared)
    {
        using var scope = NewDisposeScope();
        return tensor.storage_offset() == 0
            && BytesOf(tensor).storage<byte>().nbytes() == (ulong)(tensor.NumberOfElements * tensor.ElementSize)
            && !shared.Contains(Address(tensor));
    }

    /// <summary>The address of a tensor's first element on its device; 0 for an empty tensor.</summary>
    public static long Address(Tensor tensor)
    {
        if (tensor.NumberOfElements == 0) return 0;
        using var scope = NewDisposeScope();
        return BytesOf(tensor).storage<byte>().data_ptr().ToInt64() + (tensor.storage_offset() * tensor.ElementSize);
    }

    /// <summary>A tensor of bytes over the same storage, since TorchSharp's Storage does not support half precision.</summary>
    private static Tensor BytesOf(Tensor tensor)
    {
        using var noGradient = no_grad();
        var bytes = empty(0, uint8, tensor.device);
        return bytes.set_(tensor);
    }
}
