using SamSharp.Optimizers;
using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Recipes;

/// <summary>Parts of different algorithms together: every direction with every geometry, with radii and combiners in turn, and some
/// recipes by hand.</summary>
[TensorScope]
public class CompositionTests
{
    private static readonly Dictionary<string, Func<Problem, IDirection>> Directions = new()
    {
        ["gradient"] = _ => new GradientDirection(),
        ["averaged"] = _ => new AveragedGradient(0.6),
        ["residual"] = _ => new ResidualGradient(),
        ["stale"] = _ => new StaleGradient(),
        ["momentum"] = _ => new MomentumDirection(),
        ["refreshed"] = _ => new RefreshedAverage(3),
        ["random"] = _ => new RandomDirection(new GaussianNoise(3)),
        ["eigenvector"] = problem => new EigenvectorDirection(problem.Model, () => Loss(problem, 0), Interval: 2),
    };

    private static readonly Dictionary<string, Func<Problem, IGeometry>> Geometries = new()
    {
        ["euclidean"] = _ => new EuclideanGeometry(),
        ["adaptive"] = _ => new AdaptiveGeometry(0.01),
        ["raw"] = _ => new RawGeometry(),
        ["layerwise"] = _ => new LayerwiseGeometry(),
        ["maximum"] = _ => new MaximumGeometry(),
        ["fisher"] = _ => new FisherGeometry(),
        ["centralized"] = _ => new CentralizedGeometry(),
        ["clipped"] = _ => new TensorClippedGeometry(),
        ["adaptive, normalization only"] = problem =>
            new SelectedGeometry(new AdaptiveGeometry(0.01), NormalizationLayers.Of(problem.Model)),
        ["masked"] = _ => new MaskedGeometry(new EuclideanGeometry(), new FisherMask(0.3, 2)),
        ["masked adaptive"] = _ => new MaskedGeometry(new AdaptiveGeometry(0.01), new DynamicMask(2, 2)),
    };

    private static readonly Dictionary<string, Func<IRadiusSchedule>> Radii = new()
    {
        ["constant"] = () => RadiusSchedule.Constant,
        ["every second step"] = () => RadiusSchedule.Every(2),
        ["at random"] = () => RadiusSchedule.AtRandom(0.6),
    };

    private static readonly Dictionary<string, Func<ICombiner>> Combiners = new()
    {
        ["perturbed"] = () => new PerturbedGradient(),
        ["surrogate gap"] = () => new SurrogateGap(0.3),
        ["weighted"] = () => WeightedGradient.OfGamma(0.7),
        ["decoupled"] = () => new DecoupledSharpness(0.7),
        ["rescaled"] = () => new RescaledGradient(),
        ["curvature"] = () => new CurvatureRegularized(0.1, 0.1),
        ["decay there"] = () => new PerturbedDecay(0.01),
    };

    private static readonly Dictionary<string, Func<Problem, SharpnessAwareOptions>> ByHand = new()
    {
        ["GSAM with ASAM on normalization layers, every second step"] = problem => Recipe.Gsam(0.3, 0.1) with
        {
            Geometry = new SelectedGeometry(new AdaptiveGeometry(0.01), NormalizationLayers.Of(problem.Model)),
            Schedule = RadiusSchedule.Every(2),
        },
        ["VaSSO, StableSAM, a Fisher mask"] = _ => Recipe.Vasso() with
        {
            Combiner = new RescaledGradient(),
            Geometry = new MaskedGeometry(new EuclideanGeometry(), new FisherMask(0.3, 2)),
        },
        ["Friendly-SAM, CR-SAM, layer by layer"] = _ => Recipe.FriendlySam() with
        {
            Combiner = new CurvatureRegularized(0.1, 0.1),
            Geometry = new LayerwiseGeometry(),
        },
        ["LookSAM on ASAM"] = _ => Recipe.LookSam(3) with { Geometry = new AdaptiveGeometry(0.01) },
        ["SAMPa on normalization layers"] = problem => Recipe.Sampa() with { Geometry = Recipe.SamOn(problem.Model).Geometry },
        ["Eigen-SAM with WSAM from the third step on"] = problem => Recipe.EigenSam(problem.Model, () => Loss(problem, 0), interval: 2) with
        {
            Combiner = new DecoupledSharpness(0.7),
            Schedule = RadiusSchedule.StartingAt(3),
        },
        ["two ascents with ASAM and GSAM"] = _ => Recipe.MultiStepSam(2) with
        {
            Geometry = new AdaptiveGeometry(0.01),
            Combiner = new SurrogateGap(0.3),
        },
    };

    /// <summary>A mask that is made of gradients at w together with a direction or a radius that has steps without them.</summary>
    private static readonly HashSet<string> Refused =
    [
        "stale | masked adaptive | at random | decay there",
        "momentum | masked | every second step | decay there",
        "momentum | masked adaptive | constant | perturbed",
        "refreshed | masked | at random | perturbed",
    ];

    private static readonly Dictionary<string, Func<Problem, SharpnessAwareOptions>> All = new(Crossed().Concat(ByHand));

    public static TheoryData<string, string> Compositions() => SgdBases.Beside(All.Keys.Except(Refused));

    public static TheoryData<string> RefusedCompositions() => new(Refused);

    private static IEnumerable<KeyValuePair<string, Func<Problem, SharpnessAwareOptions>>> Crossed()
    {
        var (radii, combiners) = (Radii.ToArray(), Combiners.ToArray());
        foreach (var (d, direction) in Directions.Index())
        {
            foreach (var (g, geometry) in Geometries.Index())
            {
                var radius = radii[(d + (2 * g)) % radii.Length];
                var combiner = combiners[(d + g) % combiners.Length];
                yield return new($"{direction.Key} | {geometry.Key} | {radius.Key} | {combiner.Key}", problem => new SharpnessAwareOptions
                {
                    Rho = 0.05,
                    Direction = direction.Value(problem),
                    Geometry = geometry.Value(problem),
                    Schedule = radius.Value(),
                    Combiner = combiner.Value(),
                });
            }
        }
    }

    /// <summary>Training goes on from a checkpoint as if it had not stopped, to a lower loss, with no tensor left behind.</summary>
    [Theory]
    [MemberData(nameof(Compositions))]
    public void Training_makes_progress_and_can_be_resumed(string name, string bases)
    {
        using Problem problem = new(batchNorm: true), copy = new(batchNorm: true);
        using var first = Wrap(problem, name, bases);
        var before = WholeLoss(problem);
        for (var t = 0; t < 5; t++) first.Step(() => problem.Backward(t)).Dispose();
        using var stream = new MemoryStream();
        first.save_state_dict(new BinaryWriter(stream));
        using (no_grad())
        {
            foreach (var (to, from) in copy.Model.state_dict().Values.Zip(problem.Model.state_dict().Values)) to.copy_(from);
        }
        using var second = Wrap(copy, name, bases);
        stream.Position = 0;
        second.load_state_dict(new BinaryReader(stream));
        for (var t = 5; t < 9; t++)
        {
            first.Step(() => problem.Backward(t)).Dispose();
            second.Step(() => copy.Backward(t)).Dispose();
            Assert.False(first.LastStep.Skipped);
        }
        Close.Bits(problem.Weights(), copy.Weights());

        // A plain step reports fewer numbers than one that climbs, so the most of several steps count.
        long MostAlive(int from) => Enumerable.Range(from, 8).Max(t =>
        {
            first.Step(() => problem.Backward(t)).Dispose();
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        });
        Assert.Equal(MostAlive(9), MostAlive(17));
        var after = WholeLoss(problem);
        Assert.True(after < before, $"{after} after training, {before} before");
    }

    /// <summary>With a learning rate of 0 nothing moves, to the bit; nor when a closure throws in its second call.</summary>
    [Theory]
    [MemberData(nameof(Compositions))]
    public void Weights_are_put_back_exactly(string name, string bases)
    {
        using var problem = new Problem(batchNorm: true, hidden: Problem.Large);
        using var optimizer = Wrap(problem, name, bases, lr: 0);
        var before = problem.Weights();
        for (var t = 0; t < 4; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
        Close.Bits(before, problem.Weights());
        var calls = 0;
        Assert.Throws<ThrownByTest>(() =>
        {
            for (var t = 4; t < 6; t++) optimizer.Step(() => ++calls == 2 ? throw new ThrownByTest() : problem.Backward(t)).Dispose();
        });
        Close.Bits(before, problem.Weights());
    }

    /// <summary>Masks made of gradients need a gradient at w in every step.</summary>
    [Theory]
    [MemberData(nameof(RefusedCompositions))]
    public void A_mask_made_of_gradients_is_refused_where_some_steps_have_none(string name)
    {
        using var problem = new Problem(batchNorm: true);
        var refusal = Assert.Throws<ArgumentException>(() => Wrap(problem, name, "TorchSharp"));
        Assert.Contains("gradients at w", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Plain SAM has two passes and, beside the base optimizer, the buffers for one copy of the weights, the handles to come
    /// home by, and the three numbers of the report.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(Problem.Large)]
    public void Plain_SAM_costs_a_pass_and_one_copy_of_the_weights(int hidden)
    {
        var passes = 0;
        long Alive(Problem problem, Func<optim.Optimizer> make, Action<optim.Optimizer> step)
        {
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            using var optimizer = make();
            for (var t = 0; t < 5; t++) step(optimizer);
            return DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        }
        using Problem plain = new(hidden: hidden), aware = new(hidden: hidden);
        var own = Alive(plain, () => new FusedSGD(plain.Parameters, 0.1), optimizer =>
        {
            foreach (var parameter in plain.Parameters) parameter.grad = null; // zero_grad() leaves handles to the finalizer
            plain.Backward().Dispose();
            optimizer.step();
        });
        var wrapped = Alive(aware, () => new FusedSGD(aware.Parameters, 0.1).WithSharpnessAwareness(), optimizer =>
            ((SharpnessAwareOptimizer)optimizer).Step(() =>
            {
                passes++;
                return aware.Backward();
            }).Dispose());
        Assert.Equal(10, passes);
        var exchanged = aware.Parameters.Count(parameter => parameter.NumberOfElements >= 4096);
        Assert.Equal(aware.Parameters.Count() + exchanged + 3, wrapped - own);
    }

    private static SharpnessAwareOptimizer Wrap(Problem problem, string name, string bases, double lr = 0.05) =>
        SgdBases.All[bases](problem.Parameters, lr, 0.5).WithSharpnessAwareness(All[name](problem) with { Module = problem.Model });

    private static Tensor Loss(Problem problem, int step) => problem.Loss(Problem.Batch(problem.X, step), Problem.Batch(problem.Y, step));

    private static double WholeLoss(Problem problem)
    {
        using var scope = NewDisposeScope();
        return problem.Loss(problem.X, problem.Y).item<double>();
    }
}
