using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// How processes that train copies of one model on their own shards of the data average their gradients: what
/// <see cref="SharpnessAwareOptions.Exchange"/> takes. The package SamSharp.Distributed implements it, between threads and with MPI.
/// </summary>
/// <remarks>A step calls <see cref="Average"/> with the final gradients, before the base optimizer gets them. Each process climbs along the
/// gradient of its own shard, unless <see cref="SynchronizesAscent"/> says otherwise. Every process must make the same steps.</remarks>
public interface IGradientExchange
{
    /// <summary>The index of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>The number of processes.</summary>
    int Size { get; }

    /// <summary>Whether gradients at w are averaged too, so that all processes climb along the gradient of the whole batch. This takes one more
    /// exchange for each ascent. If false, random directions differ by process.</summary>
    bool SynchronizesAscent { get; }

    /// <summary>Replaces tensors by their weighted means over all processes, in place. A process with weight 0 adds nothing to the means, not even
    /// where its numbers are not finite. The results are equal bit for bit on all processes.</summary>
    /// <param name="tensors">Floating point tensors of any strides, alike on all processes in number, order, shape, dtype and device type.</param>
    /// <param name="numbers">A vector of float64, averaged with the same weights.</param>
    void Average(IReadOnlyList<Tensor> tensors, Tensor numbers);
}
