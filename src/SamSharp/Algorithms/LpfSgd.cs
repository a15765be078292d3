namespace SamSharp;

public static partial class Recipe
{
    /// <summary>
    /// LPF-SGD (Bisla, Wang, Choromanska, 2022): the gradient at weights with Gaussian noise, whose standard deviation is gamma times the
    /// norm of each filter. The authors draw separate noise for each of 8 parts of the batch; call <c>Step</c> with the parts for that.
    /// </summary>
    /// <param name="steps">The training steps over which gamma grows along half a cosine; null (default) keeps it
    /// constant, as the authors do on ImageNet.</param>
    /// <param name="gamma">The noise's scale at the start. Default 5e-4 (the official code).</param>
    /// <param name="increase">gamma at the end as a multiple of gamma at the start. Default 15 (the official code).</param>
    /// <param name="seed">Seed of the noise. Default 0.</param>
    [Published("LPF-SGD", "Bisla et al. 2022", "0", "4")]
    public static SharpnessAwareOptions LpfSgd(long? steps = null, double gamma = 5e-4, double increase = 15, long seed = 0) => new()
    {
        Rho = gamma,
        Direction = new RandomDirection(new GaussianNoise(seed)),
        Geometry = new FilterGeometry(new RawGeometry()),
        Schedule = steps is { } length ? RadiusSchedule.Scaled(Ramp.Cosine(1, increase, length)) : RadiusSchedule.Constant,
    };
}
