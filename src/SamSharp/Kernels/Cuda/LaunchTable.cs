namespace SamSharp.Kernels.Cuda;

/// <summary>Describes to a launch the tensors that it works on. It matches the struct Table of UpdateKernels.cu byte for
/// byte, which has the same constants.</summary>
internal unsafe struct LaunchTable
{
    /// <summary>Elements that a block works on.</summary>
    public const int ChunkElements = 16384;

    /// <summary>Tensors of a launch: as many as fit in the 4 KB of a kernel's parameters.</summary>
    public const int Capacity = 120;

    private uint _tensors;
    private uint _firstChunk;
    private fixed uint _ends[Capacity];
    private fixed uint _tails[Capacity];
    private fixed ulong _addresses[3 * Capacity];

    /// <summary>Blocks of the launch.</summary>
    public readonly uint Chunks => _tensors == 0 ? 0 : _ends[_tensors - 1];

    /// <summary>Whether no tensor can be added.</summary>
    public readonly bool IsFull => _tensors == Capacity;

    /// <summary>Chunks of a tensor.</summary>
    public static long ChunksOf(long elements) => (elements + ChunkElements - 1) / ChunkElements;

    /// <summary>Empties the table; what is added next continues at the present position in the whole list.</summary>
    public void Continue()
    {
        _firstChunk += Chunks;
        _tensors = 0;
    }

    /// <summary>Adds a tensor with at least one element.</summary>
    public void Add(long elements, nint weights, nint vectors, nint results)
    {
        var chunks = ChunksOf(elements);
        var at = (int)_tensors;
        _ends[at] = Chunks + (uint)chunks;
        _tails[at] = (uint)(elements - ((chunks - 1) * ChunkElements));
        _addresses[at] = (ulong)weights;
        _addresses[Capacity + at] = (ulong)vectors;
        _addresses[(2 * Capacity) + at] = (ulong)results;
        _tensors++;
    }
}
