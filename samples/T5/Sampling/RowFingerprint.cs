using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SamSharp.Samples.T5.Sampling;

/// <summary>A hash of encoded rows and their order, to recognize the same list again.</summary>
public static class RowFingerprint
{
    public static string Of(IEnumerable<EncodedExample> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in rows)
        {
            Append(hash, row.Source);
            Append(hash, row.Target);
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, int[] ids)
    {
        hash.AppendData(MemoryMarshal.AsBytes<int>([ids.Length]));
        hash.AppendData(MemoryMarshal.AsBytes<int>(ids));
    }
}
