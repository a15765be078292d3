namespace SamSharp.Kernels.Cuda;

/// <summary>Describes to a launch the tensors that it works on. It matches the struct Table of UpdateKernels.cu byte for
/// byte, which has the same constants.</summary>
/// <param name="rounded">Whether it is for a pass over 16-bit weights that have masters or are rounded at random.</param>
internal unsafe struct LaunchTable(bool rounded)
{
    /// <summary>Elements that a block works on.</summary>
    public const int ChunkElements = 16384;

    /// <summary>Bytes that a launch gets: as many as fit in the 4 KB of a kernel's parameters.</summary>
    public const int Bytes = 8 + (8 * Numbers);

    private const int Numbers = 480;

    private uint _tensors;
    private uint _firstChunk;
    private fixed ulong _numbers[Numbers]; // ends and tails, two to a number; then the addresses, list by list

    // Behind what the launch gets.
    private readonly int _otherLists = rounded ? 2 : 0;

    /// <summary>Blocks of the launch.</summary>
    public readonly uint Chunks
    {
        get
        {
            fixed (ulong* numbers = _numbers) return _tensors == 0 ? 0 : ((uint*)numbers)[_tensors - 1];
        }
    }

    /// <summary>Whether no tensor can be added: there are 120, or 80 in a rounded pass.</summary>
    public readonly bool IsFull => _tensors == Capacity;

    private readonly int Capacity => Numbers / (4 + _otherLists);

    /// <summary>Chunks of a tensor.</summary>
    public static long ChunksOf(long elements) => (elements + ChunkElements - 1) / ChunkElements;

    /// <summary>Empties the table; what is added next continues at the present position in the whole list.</summary>
    public void Continue()
    {
        _firstChunk += Chunks;
        _tensors = 0;
    }

    /// <summary>Adds a tensor with at least one element.</summary>
    /// <param name="elements">How many it has.</param>
    /// <param name="weights">The address of its first weight.</param>
    /// <param name="vectors">The address of the vector's first element.</param>
    /// <param name="results">The address of the first result.</param>
    /// <param name="masters">The address of the first float32 weight that it is rounded from; 0 if there is none.</param>
    /// <param name="key">The key for rounding at random.</param>
    public void Add(long elements, nint weights, nint vectors, nint results, nint masters = 0, ulong key = 0)
    {
        var (chunks, at, capacity) = (ChunksOf(elements), (int)_tensors, Capacity);
        var end = Chunks + (uint)chunks;
        fixed (ulong* numbers = _numbers)
        {
            var ends = (uint*)numbers;
            var list = numbers + capacity + at;
            ends[at] = end;
            ends[capacity + at] = (uint)(elements - ((chunks - 1) * ChunkElements));
            list[0] = (ulong)weights;
            list[capacity] = (ulong)vectors;
            list[2 * capacity] = (ulong)results;
            if (_otherLists > 0) (list[3 * capacity], list[4 * capacity]) = ((ulong)masters, key);
        }
        _tensors++;
    }
}
