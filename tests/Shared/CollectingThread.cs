namespace SamSharp.Tests.Support;

/// <summary>
/// A thread that collects garbage as often as it can, as data loaders and servers do now and then: what a native call reads and nothing holds is
/// finalized soon.
/// </summary>
internal sealed class CollectingThread : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;

    public CollectingThread()
    {
        _thread = new Thread(() =>
        {
            while (!_stop.IsCancellationRequested)
            {
                GC.Collect();
                Thread.Sleep(1);
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }
}
