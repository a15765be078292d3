namespace SamSharp.Steps;

/// <summary>Lets one call at a time into an optimizer.</summary>
internal sealed class TurnGate
{
    private int _isBusy;

    /// <summary>Keeps out other threads, and calls from closures, until the result is disposed.</summary>
    /// <exception cref="InvalidOperationException">A call is under way.</exception>
    public Turn Enter() => Interlocked.Exchange(ref _isBusy, 1) == 0 ? new Turn(this) : throw new InvalidOperationException(
        "A step of this optimizer is under way, in another thread or around the closure that calls it. An optimizer makes one step at a time.");

    /// <summary>A call under way.</summary>
    public readonly struct Turn(TurnGate gate) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref gate._isBusy, 0);
    }
}
