using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>What tensors are but for their numbers: a hash of 16 bits, so that sums of it and of its square are exact.</summary>
internal static class Layout
{
    public static int HashOf(IEnumerable<Tensor> tensors, int salt = 0)
    {
        var text = new StringBuilder().Append(salt);
        foreach (var tensor in tensors) text.Append(';').Append(tensor.dtype).Append(' ').AppendJoin(',', tensor.shape);
        return BitConverter.ToUInt16(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <exception cref="InvalidOperationException">The hashes of the members differ.</exception>
    public static void RequireSame(double sum, double sumOfSquares, int size)
    {
        if ((Int128)sum * (Int128)sum == (Int128)sumOfSquares * size) return;
        throw new InvalidOperationException("The members of the group do not exchange the same tensors: their models differ, or the order of their " +
            "parameters, or one makes another kind of step. All must build the same model and make the same calls.");
    }

    /// <exception cref="InvalidOperationException">The tensors of the members differ in number, shape or dtype.</exception>
    public static void RequireSame(ITransport transport, IEnumerable<Tensor> tensors)
    {
        double hash = HashOf(tensors);
        Span<double> sums = [hash, hash * hash];
        transport.Sum(sums);
        RequireSame(sums[0], sums[1], transport.Size);
    }
}
