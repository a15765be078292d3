using static TorchSharp.torch;

namespace SamSharp.Kernels.Cuda;

/// <summary>
/// The kernels for 16-bit weights that have masters or are rounded at random, against libtorch's operators bit for bit: each of these rounds once, as
/// each product and sum of the kernels does, and a difference in the last bit would decide how a number is rounded.
/// </summary>
internal static partial class CudaSelfTest
{
    private const ulong Key = 0x0123_4567_89AB_CDEF;

    /// <summary>An operation over weights, results, vectors and masters; it writes results or masters.</summary>
    private sealed record RoundedOperation(Kernel Kernel, string How, Action<ITensorListKernels, RoundedLists> Write);

    private sealed record RoundedLists(Tensor[] Weights, Tensor[] Results, Tensor[] Vectors, Tensor[] Masters, ulong[] Keys, Tensor Scale);

    private sealed record RoundedCase(string Name, long[] Sizes, long Weights = 0, long Results = 0, long Vectors = 0, long Masters = 0);

    private static readonly RoundedCase[] RoundedCases =
    [
        new("1 element", [1]),
        new("17 elements", [17]),
        new("16385 elements", [Longest]),
        new("16385 elements, not aligned", [Longest], 3, 3, 3, 3),
        new("1000 elements, aligned in three ways", [1000], 1, 3, 2),
        new("1000 elements, masters aligned in another way", [1000], 0, 0, 0, 1),
        new("121 tensors", [.. Enumerable.Repeat(16L, 121)]),
    ];

    private static readonly RoundedOperation[] RoundedOperations =
    [
        .. new double?[] { null, Kappa }.SelectMany(kappa => new RoundedOperation[]
        {
            new(Of(kappa), "at random", (k, x) => k.PerturbRounded(new(x.Weights, null, x.Keys), x.Results, x.Vectors, x.Scale, kappa)),
            new(Of(kappa), "from masters", (k, x) => k.PerturbRounded(new(x.Weights, x.Masters), x.Results, x.Vectors, x.Scale, kappa)),
            new(Of(kappa), "from masters at random", (k, x) =>
                k.PerturbRounded(new(x.Weights, x.Masters, x.Keys), x.Results, x.Vectors, x.Scale, kappa)),
        }),
        new(Kernel.Round, "to the nearest", (k, x) => k.Round(x.Results, x.Masters, null)),
        new(Kernel.Round, "at random", (k, x) => k.Round(x.Results, x.Masters, x.Keys)),
        new(Kernel.TakeUpChanges, "", (k, x) => k.TakeUpChanges(x.Masters, x.Weights)),
    ];

    private static Kernel Of(double? kappa) => kappa is null ? Kernel.RoundedStep : Kernel.RoundedAdaptiveStep;

    /// <summary>Whether each operation gives the same bits in each case. The numbers are given in the dtype that is tested.</summary>
    [InDisposeScope]
    private static IEnumerable<((string Operation, string Case) Name, Tensor Agrees)> CompareRounded(CudaKernels kernels, Tensor weights,
        Tensor vectors, Tensor results, Kernel? only)
    {
        // Fifth powers: many are so small that float16 has few bits for them.
        var (w, v) = (Fifth(weights), Fifth(vectors));
        // Most masters round to their weights, to whose spacing a 2^-13th part of them is nothing; other weights have changed since.
        var close = w.to(ScalarType.Float32).mul(results.to(ScalarType.Float32).Times(Math.ScaleB(1, -13)).Plus(1));
        var masters = where(vectors.to(ScalarType.Float32).IsGreaterThan(0.4), results.to(ScalarType.Float32).Times(0.7), close);
        foreach (var @case in RoundedCases)
        {
            foreach (var operation in RoundedOperations.Where(operation => only is null || operation.Kernel == only))
            {
                var (mine, theirs) = (results.clone(), results.clone());
                var (myMasters, theirMasters) = (masters.clone(), masters.clone());
                operation.Write(kernels, Cut(@case, w, mine, v, myMasters, whole: false));
                operation.Write(Reference, Cut(@case, w, theirs, v, theirMasters, whole: true));
                yield return (($"{operation.Kernel} {operation.How}".TrimEnd(), @case.Name),
                    Agree(mine, theirs, 0).logical_and(Agree(myMasters, theirMasters, 0)));
            }
        }
    }

    [InDisposeScope]
    private static Tensor Fifth(Tensor numbers)
    {
        var wide = numbers.to(ScalarType.Float32);
        return wide.Squared().Squared().mul(wide).to(numbers.dtype);
    }

    /// <summary>Lists over the buffers. Libtorch gets many tensors as a single one: as they have 16 elements each, whose indices do not share a
    /// bit with the tensors' beginnings, keys can make up for the difference.</summary>
    private static RoundedLists Cut(RoundedCase @case, Tensor weights, Tensor results, Tensor vectors, Tensor masters, bool whole)
    {
        long[] sizes = whole ? [@case.Sizes.Sum()] : @case.Sizes;
        return new(Of(weights, @case.Weights), Of(results, @case.Results), Of(vectors, @case.Vectors), Of(masters, @case.Masters),
            [.. sizes.Select((_, i) => Key ^ ((ulong)i * 8))], tensor(0.3f, device: results.device));

        Tensor[] Of(Tensor buffer, long start) => Array.ConvertAll(sizes, size => buffer.narrow(0, (start += size) - size, size));
    }
}
