using static TorchSharp.torch;

namespace SamSharp.Kernels.Vectorized;

/// <summary>A run of neighbouring elements of one tensor in a list.</summary>
internal readonly record struct Piece(int Tensor, long Start, int Count);

/// <summary>
/// The elements of a list of tensors, cut into shares of equal size: large tensors into many, small ones many to a share. The cut depends on sizes
/// alone, so that sums taken share by share do not depend on the number of threads.
/// </summary>
internal sealed class Work
{
    /// <summary>Elements of a share: a tenth of a millisecond's work at the speed of memory.</summary>
    private const int ShareElements = 1 << 18;

    private readonly long[] _ends;

    public Work(Tensor[] tensors)
    {
        _ends = new long[tensors.Length];
        for (var i = 0; i < tensors.Length; i++) _ends[i] = Elements += tensors[i].NumberOfElements;
    }

    /// <summary>The number of elements of all tensors.</summary>
    public long Elements { get; }

    /// <summary>Does something with every piece, on as many threads as libtorch uses.</summary>
    public void ForEach(Action<Piece> action) => Sum(piece =>
    {
        action(piece);
        return 0;
    });

    /// <summary>Adds up a number for every piece, always in the same order.</summary>
    public double Sum(Func<Piece, double> part)
    {
        var sums = new double[(Elements + ShareElements - 1) / ShareElements];
        if (sums.Length == 1) Share(0);
        else Parallel.For(0, sums.Length, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, Share);
        return sums.Sum();

        void Share(int share)
        {
            var (position, end) = ((long)share * ShareElements, Math.Min(Elements, (share + 1L) * ShareElements));
            for (var tensor = FirstEndingAfter(position); position < end; tensor++)
            {
                var first = tensor == 0 ? 0 : _ends[tensor - 1];
                var count = (int)(Math.Min(end, _ends[tensor]) - position);
                if (count > 0) sums[share] += part(new Piece(tensor, position - first, count));
                position += count;
            }
        }
    }

    private int FirstEndingAfter(long position)
    {
        // Equal ends belong to tensors without elements; the search may land on any of them.
        var found = Array.BinarySearch(_ends, position + 1);
        if (found < 0) return ~found;
        while (found > 0 && _ends[found - 1] == position + 1) found--;
        return found;
    }
}
