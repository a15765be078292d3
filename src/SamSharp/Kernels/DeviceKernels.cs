using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>Chooses for each list the best kernels for its device.</summary>
internal sealed class DeviceKernels(ITensorListKernels cpu, ITensorListKernels cuda, ITensorListKernels others) : ITensorListKernels
{
    /// <inheritdoc/>
    public Tensor Norm(Tensor[] vectors) => For(vectors).Norm(vectors);

    /// <inheritdoc/>
    public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa) => For(weights).AdaptiveNorm(weights, vectors, kappa);

    /// <inheritdoc/>
    public Tensor Dot(Tensor[] left, Tensor[] right) => For(left).Dot(left, right);

    /// <inheritdoc/>
    public Tensor Scale(Tensor norm, double radius, double floor) => For(norm).Scale(norm, radius, floor);

    /// <inheritdoc/>
    public void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale) => For(weights).Perturb(weights, results, vectors, scale);

    /// <inheritdoc/>
    public void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa) =>
        For(weights).PerturbAdaptive(weights, results, vectors, scale, kappa);

    /// <inheritdoc/>
    public void Copy(Tensor[] targets, Tensor[] sources) => For(targets).Copy(targets, sources);

    /// <inheritdoc/>
    public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight) => For(sums).Accumulate(sums, vectors, weight);

    /// <inheritdoc/>
    public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other) => For(targets).Mix(targets, own, vectors, other);

    /// <inheritdoc/>
    public void PerturbRounded(NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa) =>
        For(results).PerturbRounded(weights, results, vectors, scale, kappa);

    /// <inheritdoc/>
    public void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys) => For(targets).Round(targets, sources, keys);

    /// <inheritdoc/>
    public void TakeUpChanges(Tensor[] masters, Tensor[] weights) => For(masters).TakeUpChanges(masters, weights);

    private ITensorListKernels For(Tensor[] list)
    {
        ArgumentNullException.ThrowIfNull(list);
        return list.Length == 0 ? others : For(list[0]);
    }

    private ITensorListKernels For(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return For(tensor.device_type);
    }

    /// <summary>The kernels for a kind of device.</summary>
    internal ITensorListKernels For(DeviceType device) => device switch
    {
        DeviceType.CPU => cpu,
        DeviceType.CUDA => cuda,
        _ => others,
    };
}
