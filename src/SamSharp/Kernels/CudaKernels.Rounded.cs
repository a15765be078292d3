using SamSharp.Kernels.Cuda;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>The passes over 16-bit weights that have masters or are rounded at random.</summary>
internal sealed partial class CudaKernels
{
    /// <inheritdoc/>
    public void PerturbRounded(NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(vectors);
        var pass = kappa is null ? Kernel.RoundedStep : Kernel.RoundedAdaptiveStep;
        var done = results.Length > 0 && IsNumberFor(scale, results[0])
            ? RunRounded(pass, weights, vectors, results, place.AddressOf(scale), kappa ?? 0) : 0;
        if (done < results.Length) _others.PerturbRounded(weights.From(done), results[done..], vectors[done..], scale, kappa);
    }

    /// <inheritdoc/>
    public void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(sources);
        var done = RunRounded(Kernel.Round, new(targets, sources, keys), targets, targets, 0, 0);
        if (done < targets.Length) _others.Round(targets[done..], sources[done..], keys?[done..]);
    }

    /// <inheritdoc/>
    public void TakeUpChanges(Tensor[] masters, Tensor[] weights)
    {
        ArgumentNullException.ThrowIfNull(masters);
        ArgumentNullException.ThrowIfNull(weights);
        var done = RunRounded(Kernel.TakeUpChanges, new(weights, masters), weights, weights, 0, 0);
        if (done < masters.Length) _others.TakeUpChanges(masters[done..], weights[done..]);
    }

    /// <summary>A pass over 16-bit weights. Returns how many tensors of the list it has done; other kernels do the rest, if any.</summary>
    private int RunRounded(Kernel pass, NarrowWeights weights, Tensor[] vectors, Tensor[] results, nint scale, double kappa)
    {
        return TryFind([weights.Weights, vectors, results], out var device) && NarrowWeights.Is16Bits(results[0].dtype) && HasFittingMasters()
            ? Run(device, pass, weights, vectors, results, scale, weights.Keys is null ? 0 : 1, kappa)
            : 0;

        bool HasFittingMasters() => weights.Masters is not { } masters
            || (masters.Length == results.Length && masters.Zip(results).All(pair => IsMasterFor(pair.First, pair.Second)));
    }

    private bool IsMasterFor(Tensor master, Tensor weight) => master.dtype == ScalarType.Float32 && master.is_contiguous()
        && master.NumberOfElements == weight.NumberOfElements
        && master.device_type == place.Kind && place.OrdinalOf(master) == place.OrdinalOf(weight);
}
