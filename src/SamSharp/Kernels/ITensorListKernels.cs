using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// The operations of a sharpness-aware step over a list of tensors that share a device and a dtype. Every implementation gives the
/// results of <see cref="KernelSets.Reference"/> up to rounding, for any strides and any number of elements, zero included, and none
/// reads a value back from the device.
/// </summary>
/// <remarks>
/// Lists that are passed together have the same length, and equal shapes position by position. A scale is a tensor without dimensions
/// on the lists' device. Norms and scales are such tensors too, float64 for float64 lists and float32 for every other dtype; an inner product
/// is always float64, since it leaves the range of float32 where the lists do not.
/// </remarks>
internal interface ITensorListKernels
{
    /// <summary>The Euclidean norm of all vectors joined: sqrt(sum v_i^2), accumulated in float32 or better.</summary>
    Tensor Norm(Tensor[] vectors);

    /// <summary>The norm in the scale of the weights: sqrt(sum ((|w_i| + kappa) v_i)^2).</summary>
    Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa);

    /// <summary>The inner product of all vectors joined: sum l_i r_i, a float64 number.</summary>
    Tensor Dot(Tensor[] left, Tensor[] right);

    /// <summary>radius / (norm + floor), and 0 where the norm is 0 or not finite.</summary>
    Tensor Scale(Tensor norm, double radius, double floor);

    /// <summary>result := w + scale v. The results may be the weights themselves; otherwise no memory is shared with them.</summary>
    void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale);

    /// <summary>result := w + scale (|w| + kappa)^2 v. The results may be the weights themselves; otherwise no memory is shared with them.</summary>
    void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa);

    /// <summary>target := source, bit for bit.</summary>
    void Copy(Tensor[] targets, Tensor[] sources);

    /// <summary>sum := sum + weight v.</summary>
    void Accumulate(Tensor[] sums, Tensor[] vectors, double weight);

    /// <summary>target := own target + other v, with factors as scales are.</summary>
    void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other);

    /// <summary>result := w + scale v, or w + scale (|w| + kappa)^2 v: computed in float32 and rounded once.</summary>
    /// <param name="weights">w, and how results are rounded.</param>
    /// <param name="results">As in <see cref="Perturb"/>.</param>
    /// <param name="vectors">v.</param>
    /// <param name="scale">A scale.</param>
    /// <param name="kappa">Null without the metric.</param>
    void PerturbRounded(NarrowWeights weights, Tensor[] results, Tensor[] vectors, Tensor scale, double? kappa);

    /// <summary>target := source, from float32 to bfloat16 or float16, to the nearest, or at random with a key for each tensor.</summary>
    void Round(Tensor[] targets, Tensor[] sources, ulong[]? keys);

    /// <summary>master := w where w is not what its float32 master rounds to, since something else has changed it.</summary>
    void TakeUpChanges(Tensor[] masters, Tensor[] weights);
}
