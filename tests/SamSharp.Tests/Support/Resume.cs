using TorchSharp.Modules;

namespace SamSharp.Tests.Support;

/// <summary>Training that is interrupted, saved, and resumed in another process would go on as this does.</summary>
internal static class Resume
{
    /// <summary>Six steps in one go, and three steps, a checkpoint and three more on a second problem, end in the same bits.</summary>
    /// <param name="wrap">Makes the optimizer, once for each problem.</param>
    /// <param name="step">Makes one step, given its number from 0. Default: one closure on the step's batch.</param>
    public static void EqualsUninterrupted(Func<Problem, SharpnessAwareOptimizer> wrap, Action<SharpnessAwareOptimizer, Problem, int>? step = null) =>
        EqualsUninterrupted(wrap, step ?? StepOnBatch, (optimizer, reader) => optimizer.load_state_dict(reader));

    /// <summary>The same for any optimizer that has its own steps.</summary>
    public static void EqualsUninterrupted<T>(Func<Problem, T> wrap, Action<T, Problem, int> step, Action<T, BinaryReader> load)
        where T : OptimizerHelper
    {
        using var uninterrupted = new Problem();
        using var first = wrap(uninterrupted);
        for (var t = 0; t < 3; t++) step(first, uninterrupted, t);
        using var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));

        using var resumed = new Problem();
        using (no_grad())
        {
            foreach (var (to, from) in resumed.Parameters.Zip(uninterrupted.Parameters)) to.copy_(from);
        }
        using var second = wrap(resumed);
        stream.Position = 0;
        load(second, new BinaryReader(stream));
        for (var t = 3; t < 6; t++)
        {
            step(first, uninterrupted, t);
            step(second, resumed, t);
        }
        using Tensor expected = uninterrupted.Weights(), actual = resumed.Weights();
        Close.Bits(expected, actual);
    }

    /// <summary>Steps beyond the second leave the number of live tensors as it is.</summary>
    public static void LeavesNoTensors(Func<Problem, SharpnessAwareOptimizer> wrap, Action<SharpnessAwareOptimizer, Problem, int>? step = null) =>
        LeavesNoTensors<SharpnessAwareOptimizer>(wrap, step ?? StepOnBatch);

    /// <summary>The same for any optimizer that has its own steps.</summary>
    public static void LeavesNoTensors<T>(Func<Problem, T> wrap, Action<T, Problem, int> step) where T : OptimizerHelper
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var problem = new Problem())
        using (var optimizer = wrap(problem))
        {
            for (var t = 0; t < 2; t++) step(optimizer, problem, t);
            var alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            for (var t = 2; t < 6; t++) step(optimizer, problem, t);
            Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
        Assert.True(DisposeScopeManager.Statistics.ThreadTotalLiveCount <= before + Leftover, "tensors outlive their optimizer");
    }

    private static void StepOnBatch(SharpnessAwareOptimizer optimizer, Problem problem, int step) =>
        optimizer.Step(() => problem.Backward(step)).Dispose();

    /// <summary>TorchSharp's own optimizers and modules leave some of their tensors to the finalizer.</summary>
    private const int Leftover = 40;
}
