namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>Finds what depends on the order of threads in shared memory: words that one thread writes and another reads or writes with no barrier
/// between, and words that are read although nothing has written them.</summary>
internal sealed class PtxRaces(int bytes)
{
    private const int Word = 4;
    private const long Many = -1, Nobody = 0; // else a thread's number + 1

    private readonly long[] _writers = new long[bytes / Word], _readers = new long[bytes / Word];
    private readonly bool[] _written = new bool[bytes / Word];

    /// <summary>A block begins.</summary>
    public void Reset()
    {
        Array.Clear(_written);
        Barrier();
    }

    /// <summary>All threads have met.</summary>
    public void Barrier()
    {
        Array.Fill(_writers, Nobody);
        Array.Fill(_readers, Nobody);
    }

    /// <summary>Takes note of an access, and says what is wrong with it, if anything.</summary>
    public string? Find(int offset, int size, uint thread, bool write)
    {
        var own = thread + 1L;
        for (var word = offset / Word; word * Word < offset + size; word++)
        {
            if (_writers[word] is not Nobody and var writer && writer != own)
                return $"thread {thread} races with thread {writer - 1}, which writes the same word of shared memory";
            if (!write)
            {
                if (!_written[word]) return $"thread {thread} reads a word of shared memory that nothing has written";
                _readers[word] = _readers[word] == Nobody || _readers[word] == own ? own : Many;
                continue;
            }
            if (_readers[word] is not Nobody and var reader && reader != own)
                return $"thread {thread} races with threads that read the same word of shared memory";
            (_writers[word], _written[word]) = (own, true);
        }
        return null;
    }
}
