namespace SamSharp.Distributed;

/// <summary>Where the threads of a group meet.</summary>
internal sealed class ThreadMeeting(int size) : IDisposable
{
    private readonly Barrier _barrier = new(size);
    private readonly CancellationTokenSource _calledOff = new();
    private readonly nint[] _addresses = new nint[size];
    private Exception? _failure;

    public int Size => size;

    /// <summary>What the first member to fail has thrown.</summary>
    public Exception? Failure => _failure;

    /// <summary>Gives every member the addresses of all; none goes on before all have called.</summary>
    public nint[] Show(int rank, nint address)
    {
        _addresses[rank] = address;
        Meet();
        return _addresses;
    }

    /// <summary>Waits for all members.</summary>
    /// <exception cref="InvalidOperationException">Another member has failed, or is done.</exception>
    public void Meet()
    {
        try
        {
            _barrier.SignalAndWait(_calledOff.Token);
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException("Another member of the group has failed, or has made fewer steps and is done.", _failure);
        }
    }

    /// <summary>Called by a member that is done. Whoever still waits for it would wait forever, and is called off.</summary>
    public void Leave() => _calledOff.Cancel();

    /// <summary>Called by a member that has failed; the others are called off.</summary>
    public void Fail(Exception failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        _calledOff.Cancel();
    }

    public void Dispose()
    {
        _barrier.Dispose();
        _calledOff.Dispose();
    }
}
