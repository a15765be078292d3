namespace SamSharp.Distributed.Mpi;

/// <summary>A process of an MPI job.</summary>
internal sealed unsafe class MpiTransport(MpiLibrary library) : ITransport
{
    /// <summary>Less than the largest count that MPI takes, which is an int.</summary>
    private const int MostBytes = 1 << 30;

    private readonly List<nint> _requests = []; // in the order in which they were started
    private int _tested; // those before have come
    private int _finished;

    public MpiLibrary Library => library;

    public int Rank { get; } = library.Rank;

    public int Size { get; } = library.Size;

    public bool ReadsCudaMemory { get; } = library.ReadsCudaMemory;

    public void StartSum(nint memory, int count, bool isDouble) => _requests.Add(library.StartSum(memory, count, isDouble));

    public void Progress()
    {
        while (_tested < _requests.Count)
        {
            var request = _requests[_tested];
            if (!library.Test(ref request)) return;
            _tested++;
        }
    }

    public void FinishFirst()
    {
        if (_finished == _tested)
        {
            var request = _requests[_finished];
            library.Wait(ref request);
            _tested++;
        }
        if (++_finished < _requests.Count) return;
        _requests.Clear();
        _tested = _finished = 0;
    }

    public void Sum(Span<double> numbers)
    {
        fixed (double* memory = numbers) library.Sum((nint)memory, numbers.Length, isDouble: true);
    }

    public void Broadcast(nint memory, long bytes)
    {
        for (long from = 0; from < bytes; from += MostBytes) library.Broadcast((nint)(memory + from), (int)Math.Min(MostBytes, bytes - from));
    }

    public void Abort(string reason)
    {
        Console.Error.WriteLine(reason);
        Console.Error.Flush();
        ErrorPipe.WaitUntilRead();
        library.Abort();
    }

    public void Dispose() => library.Finish();
}
