using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>The passes over bfloat16 weights that have masters or are rounded at random. float16 is computed by passes over float32, and
/// rounded by libtorch's operators.</summary>
internal sealed unsafe partial class VectorizedKernels
{
    /// <inheritdoc/>
    public void PerturbRounded(NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa)
    {
        using var memory = TensorMemory.Of(weights.Weights, vectors, results);
        using var masters = MastersOf(weights.Masters, memory);
        if (memory?.Dtype != ScalarType.BFloat16 || (masters is null && weights.Masters is not null))
            RoundingOperators.Perturb(this, weights, results, vectors, scale, kappa);
        else if (kappa is { } added)
            MapRounded(new AdaptiveStep<float>((float)scale.Value(), (float)added), memory, 0, 1, 2, masters, weights.Keys);
        else
            MapRounded(new Step<float>((float)scale.Value()), memory, 0, 1, 2, masters, weights.Keys);
    }

    /// <inheritdoc/>
    public void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys)
    {
        using var memory = TensorMemory.Of(targets);
        using var from = MastersOf(sources, memory);
        if (memory?.Dtype != ScalarType.BFloat16 || from is null)
        {
            _others.Round(targets, sources, keys);
            return;
        }
        Work.ForEach(memory, piece =>
        {
            var source = from.At<float>(0, piece);
            var target = memory.At<ushort>(0, piece);
            if (keys is null) BrainLoops.Write(default(ToNearest), source, target, piece.Start, piece.Count);
            else BrainLoops.Write(new AtRandom(keys[piece.Tensor]), source, target, piece.Start, piece.Count);
        });
    }

    /// <inheritdoc/>
    public void TakeUpChanges(Tensor[] masters, Tensor[] weights)
    {
        using var memory = TensorMemory.Of(weights);
        using var exact = MastersOf(masters, memory);
        if (memory?.Dtype != ScalarType.BFloat16 || exact is null) _others.TakeUpChanges(masters, weights);
        else Work.ForEach(memory, piece => BrainLoops.TakeUpChanges(memory.At<ushort>(0, piece), exact.At<float>(0, piece), piece.Count));
    }

    /// <summary>The addresses of float32 tensors of the sizes of others; null if passes over raw memory do not apply.</summary>
    private static TensorMemory? MastersOf(Tensor[]? masters, TensorMemory? memory)
    {
        if (masters is null || memory is null) return null;
        var found = TensorMemory.Of(masters);
        if (found?.Dtype == ScalarType.Float32 && found.Ends.SequenceEqual(memory.Ends)) return found;
        found?.Dispose();
        return null;
    }

    private static void MapRounded<TLanes>(TLanes lanes, TensorMemory memory, int weights, int vectors, int results, TensorMemory? masters = null,
        ulong[]? keys = null) where TLanes : struct, ILanes<float>
    {
        var pastCache = memory.Elements * sizeof(ushort) >= PastCache;
        Work.ForEach(memory, piece =>
        {
            var operands = new BrainOperands(memory.At<ushort>(weights, piece), masters is null ? null : masters.At<float>(0, piece),
                memory.At<ushort>(vectors, piece));
            var to = new BrainResults(memory.At<ushort>(results, piece));
            if (keys is null) BrainLoops.Map(lanes, default(ToNearest), operands, to, piece.Start, piece.Count, pastCache);
            else BrainLoops.Map(lanes, new AtRandom(keys[piece.Tensor]), operands, to, piece.Start, piece.Count, pastCache);
        });
    }
}
