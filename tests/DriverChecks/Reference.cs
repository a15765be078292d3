using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>What each kernel computes from a weight and the element of the vector beside it, rounded product by product and sum by sum.</summary>
internal static class Reference
{
    public const double Scale = 0.3, Other = -1.75, Kappa = 0.25, Weight = 0.37, Radius = 0.05, Floor = 0.01;

    /// <summary>The result of a kernel that writes one for each element.</summary>
    public static double Result(Kernel kernel, ElementType type, double w, double v) =>
        type == ElementType.Float64 ? Result(kernel, w, v, Scale, Other, Kappa, Weight)
        : Result(kernel, (float)w, (float)v, (float)Scale, (float)Other, (float)Kappa, (float)Weight);

    /// <summary>What a kernel that leaves sums adds up.</summary>
    public static double Summand(Kernel kernel, double w, double v) => kernel switch
    {
        Kernel.Square => v * v,
        Kernel.Product => w * v,
        _ => (Math.Abs(w) + Kappa) * v * ((Math.Abs(w) + Kappa) * v),
    };

    private static double Result(Kernel kernel, double w, double v, double scale, double other, double kappa, double weight) => kernel switch
    {
        Kernel.Step => w + (scale * v),
        Kernel.AdaptiveStep => w + (scale * (Math.Abs(w) + kappa) * ((Math.Abs(w) + kappa) * v)),
        Kernel.Accumulate => w + (weight * v),
        Kernel.Mix => (scale * w) + (other * v),
        _ => v,
    };

    private static float Result(Kernel kernel, float w, float v, float scale, float other, float kappa, float weight) => kernel switch
    {
        Kernel.Step => w + (scale * v),
        Kernel.AdaptiveStep => w + (scale * (MathF.Abs(w) + kappa) * ((MathF.Abs(w) + kappa) * v)),
        Kernel.Accumulate => w + (weight * v),
        Kernel.Mix => (scale * w) + (other * v),
        _ => v,
    };
}
