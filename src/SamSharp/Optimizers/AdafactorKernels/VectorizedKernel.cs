using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>
/// Passes over raw memory for contiguous float32 and float64 tensors on the CPU; others go to <see cref="MultiTensorKernel"/>.
/// A small tensor is one thread's work from first to last pass, so that it is read from memory once and from the cache after that; a large
/// one is shared by all threads. Sums are taken over blocks of fixed size: the number of threads does not change a result.
/// </summary>
internal sealed class VectorizedKernel : IAdafactorKernel
{
    /// <summary>Elements from which a tensor is shared by the threads: 4 MB of float32.</summary>
    private const long Large = 1 << 20;

    public static VectorizedKernel Instance { get; } = new();

    public void Update(AdafactorBatch batch)
    {
        var (singles, doubles, others) = (new List<TensorUpdate<float>>(), new List<TensorUpdate<double>>(), new List<AdafactorSlot>());
        foreach (var slot in batch.Slots)
        {
            var type = slot.Weight.dtype;
            if (!IsOneSpan(slot.Weight)) others.Add(slot);
            else if (type == ScalarType.Float32) singles.Add(TensorUpdate<float>.For(slot, batch));
            else if (type == ScalarType.Float64) doubles.Add(TensorUpdate<double>.For(slot, batch));
            else others.Add(slot);
        }

        Run(singles);
        Run(doubles);
        if (others.Count > 0) MultiTensorKernel.Instance.Update(batch.With(others));
    }

    private static bool IsOneSpan(Tensor weight) => weight.device_type == DeviceType.CPU && weight.is_contiguous()
        && weight.NumberOfElements * weight.ElementSize <= int.MaxValue;

    private static void Run<T>(List<TensorUpdate<T>> updates) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var threads = new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() };
        foreach (var update in updates)
        {
            if (update.Elements >= Large) update.Run((blocks, work) => Parallel.For(0, blocks, threads, work));
        }
        Parallel.For(0, updates.Count, threads, i =>
        {
            if (updates[i].Elements < Large) updates[i].Run(InTurn);
        });
    }

    private static void InTurn(int blocks, Action<int> work)
    {
        for (var block = 0; block < blocks; block++) work(block);
    }
}
