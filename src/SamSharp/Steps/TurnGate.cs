namespace SamSharp.Steps;

/// <summary>Lets one call at a time into an optimizer, and none once it has been disposed.</summary>
/// <param name="name">What the optimizer is called in errors.</param>
internal sealed class TurnGate(string name)
{
    private const int Free = 0, Busy = 1, Closed = 2;

    private int _state;

    /// <summary>Keeps out other threads, and calls from closures, until the result is disposed.</summary>
    /// <exception cref="InvalidOperationException">A call is under way.</exception>
    /// <exception cref="ObjectDisposedException">The optimizer has been disposed.</exception>
    public Turn Enter() => Interlocked.CompareExchange(ref _state, Busy, Free) switch
    {
        Free => new Turn(this),
        Closed => throw new ObjectDisposedException(name),
        _ => throw new InvalidOperationException("A step of this optimizer is under way, in another thread or around the closure that " +
            "calls it. An optimizer makes one step at a time."),
    };

    /// <summary>Lets nobody in any more, as the optimizer is disposed.</summary>
    /// <exception cref="InvalidOperationException">A call is under way, which needs what would be freed.</exception>
    public void Close()
    {
        if (Interlocked.CompareExchange(ref _state, Closed, Free) == Busy)
            throw new InvalidOperationException($"A step of this {name} is under way, in another thread or around the closure that disposes it. " +
                "Dispose it after the step.");
    }

    /// <summary>A call under way.</summary>
    public readonly struct Turn(TurnGate gate) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref gate._state, Free);
    }
}
