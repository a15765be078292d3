using SamSharp.Benchmarks.Shapes;
using SamSharp.Benchmarks.Workloads;

namespace SamSharp.Benchmarks.Ratios;

/// <summary>What steps leave behind, and what they take meanwhile, apart from time.</summary>
internal static class Residue
{
    private const int Steps = 3;

    /// <summary>Peak resident memory over some steps, above what there was before the optimizer, in copies of the parameters. Measured before
    /// other optimizers of the size have left freed memory behind, and after steps of small parameters, which bring into memory what a process
    /// needs once.</summary>
    public static double Copies(ParameterSet set, Func<ParameterSet, SharpnessAwareOptimizer> make)
    {
        using var small = new ParameterSet(ShapeSet.Tiny);
        Take(small);
        return Peak(set, () => Take(set));

        void Take(ParameterSet parameters)
        {
            using var sam = make(parameters);
            Run(parameters, sam);
        }
    }

    /// <summary>Peak resident memory over some steps of an optimizer that has made its buffers, in copies of the parameters.</summary>
    public static double SteadyCopies(ParameterSet set, SharpnessAwareOptimizer sam)
    {
        Run(set, sam);
        return Peak(set, () => Run(set, sam));
    }

    /// <summary>Objects that some steps leave to finalizers, more than there are in any case.</summary>
    public static double Finalized(ParameterSet set, SharpnessAwareOptimizer sam) => Pending(() => Run(set, sam)) - Pending(() => { });

    private static double Pending(Action action)
    {
        Collect();
        GC.WaitForPendingFinalizers();
        action();
        GC.Collect();
        return GC.GetGCMemoryInfo(GCKind.Any).FinalizationPendingCount;
    }

    private static double Peak(ParameterSet set, Action action)
    {
        Collect();
        ProcessMemory.ResetPeak();
        var before = ProcessMemory.Resident;
        action();
        return (ProcessMemory.Peak - before) / (double)(set.Elements * sizeof(float));
    }

    private static void Run(ParameterSet set, SharpnessAwareOptimizer sam)
    {
        for (var step = 0; step < Steps; step++)
        {
            set.SetGradients();
            sam.Ascend();
            set.SetGradients();
            sam.Descend();
        }
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
