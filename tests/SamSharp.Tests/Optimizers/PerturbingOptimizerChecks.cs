using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>What every optimizer with passes of its own must do.</summary>
internal static class PerturbingOptimizerChecks
{
    /// <summary>Training resumed from a file ends in the same bits, and steps beyond the second leave the number of live tensors as it is.</summary>
    public static void Run<T>(Func<Problem, T> make, Action<T, Problem, int> step) where T : OptimizerHelper
    {
        using var uninterrupted = new Problem();
        using var first = make(uninterrupted);
        for (var t = 0; t < 3; t++) step(first, uninterrupted, t);
        using var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));

        using var resumed = new Problem();
        using (no_grad())
        {
            foreach (var (to, from) in resumed.Parameters.Zip(uninterrupted.Parameters)) to.copy_(from);
        }
        using var second = make(resumed);
        stream.Position = 0;
        second.load_state_dict(new BinaryReader(stream));
        var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var t = 3; t < 9; t++)
        {
            step(first, uninterrupted, t);
            step(second, resumed, t);
            if (t == 4) alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        }
        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Close.Bits(uninterrupted.Weights(), resumed.Weights());
    }
}
