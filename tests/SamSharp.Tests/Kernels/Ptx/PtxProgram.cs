using System.Collections.Concurrent;
using System.Linq.Expressions;

namespace SamSharp.Tests.Kernels.Ptx;

/// <summary>A kernel compiled for this machine. It runs one thread from a barrier to the next.</summary>
internal sealed class PtxProgram
{
    /// <summary>Where a thread is that has returned.</summary>
    public const int End = -1;

    private static readonly ConcurrentDictionary<string, Lazy<PtxProgram>> Compiled = new();

    private readonly Dictionary<string, (Type Type, int Slot)> _kept = [];
    private readonly Func<PtxBlock, uint, int, int> _run;

    private PtxProgram(PtxKernel kernel)
    {
        Kernel = kernel;
        foreach (var register in PtxLiveness.AcrossBarriers(kernel).Order(StringComparer.Ordinal))
        {
            var type = PtxTypes.Of(PtxKernel.TypeOf(register)!);
            _kept.Add(register, (type, CountOf(type)));
        }
        _run = new PtxTranslation(this).Compile();
    }

    public PtxKernel Kernel { get; }

    /// <summary>Compiles a kernel, once for each text.</summary>
    /// <exception cref="PtxException">The text has something unknown, or something that a GPU would not run.</exception>
    public static PtxProgram Of(string name, string text) => Compiled.GetOrAdd(text, _ => new(() => new(PtxKernel.Parse(name, text)))).Value;

    /// <summary>How many registers of a type are kept across barriers.</summary>
    public int CountOf(Type type) => _kept.Values.Count(kept => kept.Type == type);

    /// <summary>Where a register is that is kept across barriers; null for one that is not.</summary>
    public Expression? Kept(string register, Expression block, Expression thread)
    {
        if (!_kept.TryGetValue(register, out var kept)) return null;
        var frame = Expression.Property(Expression.Property(block, nameof(PtxBlock.Frames)), PtxFrames.NameFor(kept.Type));
        var first = Expression.Multiply(Expression.Convert(thread, typeof(int)), Expression.Constant(CountOf(kept.Type)));
        return Expression.ArrayAccess(frame, Expression.Add(first, Expression.Constant(kept.Slot)));
    }

    /// <summary>Runs a thread to the next barrier.</summary>
    /// <param name="block">The block.</param>
    /// <param name="thread">The thread's number.</param>
    /// <param name="at">The instruction that it begins with.</param>
    /// <returns>The instruction after the barrier, or <see cref="End"/>.</returns>
    public int Run(PtxBlock block, uint thread, int at) => _run(block, thread, at);
}
