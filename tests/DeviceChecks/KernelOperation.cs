using SamSharp.Kernels;

namespace SamSharp.DeviceChecks;

/// <summary>
/// One operation of the kernels. <paramref name="Apply"/> gets weights w, buffers r and vectors v, and returns the tensors that it made or
/// wrote.
/// </summary>
[InDisposeScope]
internal sealed record KernelOperation(string Name, Func<ITensorListKernels, Tensor[], Tensor[], Tensor[], Tensor[]> Apply)
{
    private const double Kappa = 0.01;

    public static IReadOnlyList<KernelOperation> All { get; } =
    [
        new("Norm", (k, _, _, v) => [k.Norm(v)]),
        new("AdaptiveNorm", (k, w, _, v) => [k.AdaptiveNorm(w, v, Kappa)]),
        new("Scale", (k, _, _, v) => [k.Scale(k.Norm(v), 0.05, 1e-12)]),
        new("Scale of 0, NaN, infinity", (k, _, _, v) =>
            [.. new[] { 0, double.NaN, double.PositiveInfinity }.Select(norm => k.Scale(Scalar(norm, v), 0.05, 1e-12))]),
        new("Perturb", (k, w, r, v) => Changed(r, () => k.Perturb(w, r, v, Scalar(0.3, v)))),
        new("Perturb in place", (k, w, _, v) => Changed(w, () => k.Perturb(w, w, v, Scalar(0.3, v)))),
        new("PerturbAdaptive", (k, w, r, v) => Changed(r, () => k.PerturbAdaptive(w, r, v, Scalar(0.3, v), Kappa))),
        new("PerturbAdaptive in place", (k, w, _, v) => Changed(w, () => k.PerturbAdaptive(w, w, v, Scalar(0.3, v), Kappa))),
        new("Dot", (k, w, _, v) => [k.Dot(w, v)]),
        new("Mix", (k, w, _, v) => Changed(w, () => k.Mix(w, Scalar(0.3, v), v, Scalar(-1.75, v)))),
        new("Copy", (k, w, _, v) => Changed(w, () => k.Copy(w, v))),
        new("Accumulate", (k, w, _, v) => Changed(w, () => k.Accumulate(w, v, 0.25))),
    ];

    private static Tensor[] Changed(Tensor[] tensors, Action action)
    {
        action();
        return tensors;
    }

    private static Tensor Scalar(double value, Tensor[] like) =>
        tensor(value, like[0].dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32, like[0].device);
}
