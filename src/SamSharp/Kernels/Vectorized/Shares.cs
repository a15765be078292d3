using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace SamSharp.Kernels.Vectorized;

/// <summary>Work in shares that threads take in turn: the calling thread and helpers from the pool, together as many as libtorch uses. A run
/// allocates only one object, which matters for the many short runs of a step.</summary>
internal sealed class Shares : IThreadPoolWorkItem
{
    private readonly Action<int> _work;
    private readonly int _count;
    private int _taken = -1;
    private int _helping;
    private ExceptionDispatchInfo? _failure;

    private Shares(int count, Action<int> work)
    {
        _count = count;
        _work = work;
    }

    /// <summary>Does every share from 0 to <paramref name="count"/>, and returns when all are done.</summary>
    public static void Run(int count, Action<int> work)
    {
        var shares = new Shares(count, work);
        for (var helper = Math.Min(count, get_num_threads()); helper > 1; helper--) ThreadPool.UnsafeQueueUserWorkItem(shares, preferLocal: false);
        shares.Take();
        // No share is left, so that a helper who comes too late finds nothing to do.
        for (var wait = new SpinWait(); Volatile.Read(ref shares._helping) > 0;) wait.SpinOnce(sleep1Threshold: -1);
        shares._failure?.Throw();
    }

    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Increment(ref _helping);
        Take();
        Interlocked.Decrement(ref _helping);
    }

    private void Take()
    {
        try
        {
            for (var share = Interlocked.Increment(ref _taken); share < _count; share = Interlocked.Increment(ref _taken)) _work(share);
        }
        catch (Exception e)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
        }
    }
}
