using static TorchSharp.torch;

namespace SamSharp;

/// <content>Ascents that look at the curvature.</content>
public static partial class Recipe
{
    /// <summary>Eigen-SAM (Luo et al. 2024), see <see cref="EigenvectorDirection"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="loss">Computes the mean loss of the current batch, and does not call <c>backward()</c>.</param>
    /// <param name="rho">The radius. Default 0.05 (RitianLuo/EigenSAM; its README has 0.1).</param>
    /// <param name="alpha">The share of the eigenvector. Default 0.2 (the same code).</param>
    /// <param name="interval">Ascents from one estimate of the eigenvector to the next. Default 100 (the same code).</param>
    public static SharpnessAwareOptions EigenSam(nn.Module model, Func<Tensor> loss, double rho = 0.05, double alpha = 0.2, int interval = 100) =>
        new() { Rho = rho, Direction = new EigenvectorDirection(model, loss, alpha, interval), Geometry = new RawGeometry() };
}
