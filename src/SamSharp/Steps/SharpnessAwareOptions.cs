using SamSharp.Kernels;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// How a <see cref="SharpnessAwareOptimizer"/> works: a recipe of direction, geometry, radius schedule and combiner, and how it is carried out.
/// The defaults are plain SAM with rho = 0.05. <see cref="Recipe"/> has the published recipes by name; change them with <c>with</c>.
/// The options are a value that any number of optimizers may share.
/// </summary>
public sealed record SharpnessAwareOptions
{
    private readonly double _rho = 0.05;
    private readonly int _ascentSteps = 1;
    private readonly int _metricsInterval = 10;
    private readonly double? _maxGradientNorm;

    /// <summary>The radius of the neighborhood, in the geometry's norm. Default 0.05 (davda54/sam; the T5 paper's choice for the small model).
    /// 0 turns the ascent off.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or not finite.</exception>
    public double Rho
    {
        get => _rho;
        init => _rho = Check.Radius(value, nameof(Rho));
    }

    /// <summary>How the radius changes from step to step, and in which steps it is 0. Default: constant.</summary>
    public IRadiusSchedule Schedule { get; init; } = new ConstantRadius();

    /// <summary>The vector to climb along. Default: the gradient.</summary>
    public IDirection Direction { get; init; } = new GradientDirection();

    /// <summary>How that vector becomes a perturbation. Default: a Euclidean ball over all parameters.</summary>
    public IGeometry Geometry { get; init; } = new EuclideanGeometry();

    /// <summary>The gradient that the base optimizer gets. Default: the gradient at the perturbed weights.</summary>
    public ICombiner Combiner { get; init; } = new PerturbedGradient();

    /// <summary>
    /// The number of ascents before the descent, each of length rho along a fresh gradient (Foret et al. 2021, appendix; as in optax.contrib.sam,
    /// they are not projected back, so n ascents may reach n rho). Each costs one more pass. From 1 to 1000; default 1.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or more than 1000.</exception>
    public int AscentSteps
    {
        get => _ascentSteps;
        init => _ascentSteps = Check.Passes(value, nameof(AscentSteps));
    }

    /// <summary>
    /// The model, or null (default). It gives parameters their names, and lets the running statistics of its normalization layers move once per step
    /// instead of twice. Set it for any model with BatchNorm.
    /// </summary>
    public nn.Module? Module { get; init; }

    /// <summary>
    /// Whether all passes of one <c>Step</c> draw the same random numbers, dropout masks above all. Default false, as in PyTorch's SAM
    /// implementations; google-research/sam does it. On CUDA it seeds the generators at each pass; see <see cref="ReplaySeed"/>. Two-phase
    /// loops are refused with it: their first pass begins where the optimizer cannot see it.
    /// </summary>
    public bool ReplayRandomness { get; init; }

    /// <summary>Seed for the CUDA generators when <see cref="ReplayRandomness"/> is on (combined with the step number). Default 0.</summary>
    public long ReplaySeed { get; init; }

    /// <summary>
    /// Whether a step whose losses or gradients are not all finite is skipped, leaving weights and optimizer state untouched. The check reads one
    /// value from the device per step. Default true; false passes on to the base optimizer whatever the second pass gave.
    /// </summary>
    public bool SkipNonFinite { get; init; } = true;

    /// <summary>
    /// The largest Euclidean norm of the gradient that the base optimizer gets, over all parameters: it is multiplied by
    /// min(1, max / (norm + 1e-6)), as <c>clip_grad_norm_</c> of PyTorch does, once in each step, after the recipe has made it, without a loss scale
    /// and averaged over all processes. The ascent is not clipped. <see cref="StepReport.GradientNorm"/> is the norm before. Null (default) for
    /// no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a finite number above 0.</exception>
    public double? MaxGradientNorm
    {
        get => _maxGradientNorm;
        init => _maxGradientNorm = value is { } most ? Check.Positive(most, nameof(MaxGradientNorm)) : null;
    }

    /// <summary>
    /// How the loss is scaled for float16; null (default) for no scale. With it, closures call <see cref="OptimizerExtensions.Backward"/>
    /// instead of <c>loss.backward()</c>. It needs <see cref="SkipNonFinite"/>.
    /// </summary>
    public LossScaler? LossScaler { get; init; }

    /// <summary>
    /// Whether perturbed bfloat16 and float16 weights are rounded at random, up with the probability of the distance from below, instead of to the
    /// nearest, which leaves most weights where they are if rho is small. Each draw is determined by <see cref="RoundingSeed"/>, the step and
    /// the parameter. It costs float32 copies of a block of weights at a time. Default false. The base optimizer's own step is rounded by
    /// <see cref="Optimizers.StatefulOptimizer.StochasticRounding"/>.
    /// </summary>
    public bool StochasticRounding { get; init; }

    /// <summary>Seed of <see cref="StochasticRounding"/>. Default 0.</summary>
    public long RoundingSeed { get; init; }

    /// <summary>One entry per param group of the base optimizer, null for the defaults; groups beyond the
    /// list use the defaults. Default: empty.</summary>
    public IReadOnlyList<SharpnessGroup?> Groups { get; init; } = [];

    /// <summary>
    /// Whether <see cref="StepReport.GradientCosine"/> is measured. This keeps one copy of the gradients at w in memory until the second pass
    /// is done, and reads both gradients three times. Default false.
    /// </summary>
    public bool CompareGradients { get; init; }

    /// <summary>The implementation of the update. Default: the fastest one for each device.</summary>
    public UpdateKernels Kernels { get; init; } = UpdateKernels.Automatic;

    /// <summary>What meters and traces call the recipe, in the tag <c>samsharp.recipe</c>. Null (default) for the types of the parts that differ
    /// from SAM's, or "SAM". <see cref="Recipe.Named"/> sets it.</summary>
    public string? Name { get; init; }

    /// <summary>While someone listens to the meter "SamSharp", losses, norms and skipped steps are read from the device in every n-th step, with
    /// this n. Default 10, this library's own choice.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MetricsInterval
    {
        get => _metricsInterval;
        init => _metricsInterval = Check.Positive(value, nameof(MetricsInterval));
    }

    /// <summary>How several processes that train the same model average their gradients; null (default) for one process. The package
    /// SamSharp.Distributed has it.</summary>
    public IGradientExchange? Exchange { get; init; }

    /// <summary>Kernels that the enumeration does not name, for tests.</summary>
    internal ITensorListKernels? GivenKernels { get; init; }
}
