using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>The gradient that the base optimizer gets, over all parameters that have one: its norm, and the limit to it.</summary>
internal static class FinalGradient
{
    private const double Floor = 1e-6; // torch.nn.utils.clip_grad_norm_

    /// <summary>Notes the norm where the options limit it or a listener waits for it, and multiplies the gradient by
    /// min(1, most / (norm + 1e-6)) where the options say so. Nothing is read from the device.</summary>
    public static void Finish(StepServices services)
    {
        var most = services.Options.MaxGradientNorm;
        if (most is null && !services.Meter.WantsGradientNorm(services.Report.Step)) return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var buckets = services.Table.Buckets.Where(bucket => bucket.Final.Length > 0).ToArray();
        if (buckets.Length == 0) return;
        var norm = services.Report.GradientNormTensor = Norm(services, buckets);
        if (most is null) return;
        var factor = norm.Plus(Floor).reciprocal().Times(most.Value).Clamped(max: 1.0);
        foreach (var bucket in buckets)
        {
            var own = factor.to(bucket.Accumulator, bucket.Device);
            services.Kernels.Mix(bucket.Final, own, bucket.Final, zeros_like(own));
        }
    }

    /// <summary>One norm over several buckets, in the first one's device and float64.</summary>
    [InDisposeScope]
    private static Tensor Norm(StepServices services, ParameterBucket[] buckets)
    {
        var device = buckets[0].Device;
        var norms = Array.ConvertAll(buckets, bucket => services.Kernels.Norm(bucket.Final).to(ScalarType.Float64, device).reshape([]));
        return norms.Length == 1 ? norms[0] : services.Kernels.Norm(norms);
    }
}
