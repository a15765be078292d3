namespace SamSharp.Kernels.Vectorized;

/// <summary>bfloat16 weights of a tensor and their gradients, read and written in float32.</summary>
/// <param name="weights">The weights.</param>
/// <param name="gradients">Their gradients.</param>
/// <param name="masters">float32 weights that the weights are rounded from; null if there are none.</param>
/// <param name="key">The tensor's key for rounding at random; null to round to the nearest.</param>
internal readonly unsafe struct BrainTensor(ushort* weights, ushort* gradients, float* masters, ulong? key)
{
    /// <summary>Gradients from an index on, written to <paramref name="scratch"/>.</summary>
    public void ReadGradients(long start, int count, float* scratch) => BrainLoops.Widen(gradients + start, scratch, count);

    /// <summary>Weights from an index on: their masters where they are, or copies in <paramref name="scratch"/>.</summary>
    public float* ReadWeights(long start, int count, float* scratch)
    {
        if (masters == null)
        {
            BrainLoops.Widen(weights + start, scratch, count);
            return scratch;
        }
        BrainLoops.TakeUpChanges(weights + start, masters + start, count);
        return masters + start;
    }

    /// <summary>Rounds what <see cref="ReadWeights"/> gave.</summary>
    public void WriteWeights(float* values, long start, int count)
    {
        if (key is { } known) BrainLoops.Write(new AtRandom(known), values, weights + start, start, count);
        else BrainLoops.Write(default(ToNearest), values, weights + start, start, count);
    }
}
