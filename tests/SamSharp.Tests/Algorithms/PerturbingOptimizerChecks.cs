using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>What every optimizer with passes of its own must do.</summary>
internal static class PerturbingOptimizerChecks
{
    /// <summary>Training resumed from a file ends in the same bits, and steps beyond the second leave the number of live tensors as it is.</summary>
    public static void Run<T>(Func<Problem, T> make, Action<T, Problem, int> step) where T : OptimizerHelper
    {
        Resume.EqualsUninterrupted(make, step, (optimizer, reader) => optimizer.load_state_dict(reader));
        Resume.LeavesNoTensors(make, step);
    }
}
