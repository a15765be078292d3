using System.Security.Cryptography;
using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>Compares the weights of all members, without sending them.</summary>
internal static class WeightHash
{
    /// <exception cref="InvalidOperationException">The weights of a member differ from those of member 0.</exception>
    public static unsafe void RequireEqual(ITransport transport, IReadOnlyList<Tensor> weights)
    {
        using var scope = NewDisposeScope();
        Span<byte> own = stackalloc byte[SHA256.HashSizeInBytes], first = stackalloc byte[SHA256.HashSizeInBytes];
        Compute(weights, own);
        own.CopyTo(first);
        fixed (byte* memory = first) transport.Broadcast((nint)memory, first.Length);
        var differs = new double[transport.Size];
        differs[transport.Rank] = own.SequenceEqual(first) ? 0 : 1;
        transport.Sum(differs);
        if (Array.TrueForAll(differs, flag => flag == 0)) return;
        throw new InvalidOperationException("The weights of member 0 are no longer those of member " +
            $"{string.Join(", ", Enumerable.Range(0, differs.Length).Where(rank => differs[rank] > 0))}: the copies of the model have parted. " +
            "Call Broadcast(model) once on every member before the first step, and change weights by the optimizer alone.");
    }

    [InDisposeScope]
    private static void Compute(IReadOnlyList<Tensor> weights, Span<byte> hash)
    {
        using var noGradient = no_grad();
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var weight in weights)
        {
            using var inner = NewDisposeScope();
            if (weight.NumberOfElements > 0) all.AppendData(weight.detach().cpu().contiguous().bytes);
        }
        all.GetHashAndReset(hash);
    }
}
