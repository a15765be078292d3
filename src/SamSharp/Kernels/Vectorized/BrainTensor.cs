namespace SamSharp.Kernels.Vectorized;

/// <summary>bfloat16 weights and gradients, computed with in float32.</summary>
/// <param name="weights">The weights.</param>
/// <param name="gradients">Their gradients.</param>
/// <param name="masters">float32 weights that the weights are rounded from; null if there are none.</param>
/// <param name="key">The tensor's key for rounding at random; null to round to the nearest.</param>
internal readonly unsafe struct BrainTensor(ushort* weights, ushort* gradients, float* masters, ulong? key) : IStoredTensor<BrainTensor, float>
{
    public static BrainTensor At(TensorMemory memory, TensorMemory? masters, ulong[]? keys, int tensor)
    {
        var start = new Piece(tensor, 0, 0);
        return new(memory.At<ushort>(0, start), memory.At<ushort>(1, start), masters is null ? null : masters.At<float>(0, start), keys?[tensor]);
    }

    public float Gradient(long at) => Single<float>.Widen(gradients + at).Value;

    public double SumOfWeights<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<float> =>
        Loops<float>.Sum(lanes, On(weights, start), count);

    public double SumOfGradients<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<float> =>
        Loops<float>.Sum(lanes, new BrainOperands(gradients + start, null, gradients + start), count);

    /// <summary>weights := lanes, rounded; the masters, if there are any, get them exactly.</summary>
    public void Update<TLanes>(TLanes lanes, long start, int count) where TLanes : struct, ILanes<float>
    {
        var results = new BrainResults(weights + start, masters == null ? null : masters + start);
        if (key is { } known) BrainLoops.Map(lanes, new AtRandom(known), On(gradients, start), results, start, count, pastCache: false);
        else BrainLoops.Map(lanes, default(ToNearest), On(gradients, start), results, start, count, pastCache: false);
    }

    private BrainOperands On(ushort* vectors, long start) => new(weights + start, masters == null ? null : masters + start, vectors + start);
}
