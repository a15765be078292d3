using System.Buffers;

namespace SamSharp.Kernels.Vectorized;

/// <summary>A run of adjacent elements of one tensor in a list.</summary>
internal readonly record struct Piece(int Tensor, long Start, int Count);

/// <summary>
/// The elements of a list of tensors, cut into shares of equal size: large tensors into many, small ones many to a share. The cut depends on sizes
/// alone, so that sums taken share by share do not depend on the number of threads.
/// </summary>
internal static class Work
{
    /// <summary>Elements of a share: a tenth of a millisecond's work at the speed of memory.</summary>
    private const int ShareElements = 1 << 18;

    /// <summary>Does something with every piece, on as many threads as libtorch uses.</summary>
    public static void ForEach(TensorMemory memory, Action<Piece> action) => Run(memory, share =>
    {
        foreach (var piece in new Pieces(memory, share)) action(piece);
    });

    /// <summary>Adds up a number for every piece, always in the same order.</summary>
    public static double Sum(TensorMemory memory, Func<Piece, double> part)
    {
        var sums = ArrayPool<double>.Shared.Rent(SharesOf(memory));
        Run(memory, share =>
        {
            double sum = 0;
            foreach (var piece in new Pieces(memory, share)) sum += part(piece);
            sums[share] = sum;
        });
        double total = 0;
        foreach (var sum in sums.AsSpan(0, SharesOf(memory))) total += sum;
        ArrayPool<double>.Shared.Return(sums);
        return total;
    }

    private static int SharesOf(TensorMemory memory) => (int)((memory.Elements + ShareElements - 1) / ShareElements);

    private static void Run(TensorMemory memory, Action<int> share)
    {
        var count = SharesOf(memory);
        if (count == 1) share(0);
        else Shares.Run(count, share);
    }

    /// <summary>The pieces of one share, in order.</summary>
    private ref struct Pieces(TensorMemory memory, int share)
    {
        private readonly ReadOnlySpan<long> _ends = memory.Ends;
        private readonly long _end = Math.Min(memory.Elements, (share + 1L) * ShareElements);
        private long _position = (long)share * ShareElements;
        private int _next = FirstEndingAfter(memory.Ends, (long)share * ShareElements);

        public Piece Current { get; private set; }

        public readonly Pieces GetEnumerator() => this;

        public bool MoveNext()
        {
            while (_position < _end)
            {
                var tensor = _next++;
                var count = (int)(Math.Min(_end, _ends[tensor]) - _position);
                if (count == 0) continue;
                Current = new Piece(tensor, _position - (tensor == 0 ? 0 : _ends[tensor - 1]), count);
                _position += count;
                return true;
            }
            return false;
        }

        private static int FirstEndingAfter(ReadOnlySpan<long> ends, long position)
        {
            // Equal ends belong to tensors without elements; the search may land on any of them.
            var found = ends.BinarySearch(position + 1);
            if (found < 0) return ~found;
            while (found > 0 && ends[found - 1] == position + 1) found--;
            return found;
        }
    }
}
