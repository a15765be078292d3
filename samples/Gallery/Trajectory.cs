using ScottPlot;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Gallery;

/// <summary>The way of two weights through a loss.</summary>
/// <param name="Points">The weights before the first step and after each.</param>
/// <param name="Perturbed">Where the last pass of each step computed its gradient.</param>
internal sealed record Trajectory(IReadOnlyList<Coordinates> Points, IReadOnlyList<Coordinates> Perturbed)
{
    /// <summary>The spread of the linear term that each step adds to the loss, as a mini-batch would.</summary>
    private const double Noise = 0.6;

    /// <summary>Steps from one Fisher mask to the next.</summary>
    private const int Refresh = 10;

    /// <summary>Trains with SGD and a recipe.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="recipe">Makes the recipe, given the two weights' module and a loss without backward().</param>
    /// <exception cref="ArgumentException">The recipe cannot work with two weights.</exception>
    public static Trajectory Run(PlaneLoss loss, Func<nn.Module, Func<Tensor>, SharpnessAwareOptions> recipe)
    {
        using var plane = new Plane(loss.Start);
        var noise = (X: 0.0, Y: 0.0);
        [InDisposeScope]
        Tensor Loss() => loss.Of(plane.X, plane.Y).Plus(plane.X.Times(noise.X)).Plus(plane.Y.Times(noise.Y));
        var options = recipe(plane, Loss);
        using var optimizer = Wrap(plane, options, loss.Rate);

        var random = new Random(1);
        List<Coordinates> points = [plane.Place], perturbed = [];
        for (var step = 0; step < PlaneLoss.Steps; step++)
        {
            using var scope = NewDisposeScope();
            noise = (Noise * (random.NextDouble() - 0.5), Noise * (random.NextDouble() - 0.5));
            var last = plane.Place;
            if (step % Refresh == 0 && options.Geometry is MaskedGeometry { Mask: SampleFisherMask })
                SampleFisherMask.Refresh(optimizer, [Backward]);
            optimizer.Step(Backward);

            Tensor Backward()
            {
                last = plane.Place;
                var loss = Loss();
                loss.backward();
                return loss;
            }
            perturbed.Add(last);
            points.Add(plane.Place);
        }
        return new(points, perturbed);
    }

    /// <summary>The largest distance between two trajectories at the same step.</summary>
    public double DistanceTo(Trajectory other) => Points.Zip(other.Points).Max(pair => pair.First.Distance(pair.Second));

    /// <summary>Around SGD without momentum; with momentum where the recipe asks for it.</summary>
    private static SharpnessAwareOptimizer Wrap(Plane plane, SharpnessAwareOptions recipe, double rate)
    {
        try
        {
            return optim.SAM(optim.SGD(plane.parameters(), rate), recipe);
        }
        catch (ArgumentException)
        {
            return optim.SAM(optim.SGD(plane.parameters(), rate / 5, momentum: 0.8), recipe);
        }
    }

    /// <summary>Two weights.</summary>
    private sealed class Plane : nn.Module
    {
        private readonly Parameter _weights;

        public Plane(Coordinates start) : base(nameof(Plane))
        {
            _weights = new Parameter(tensor([start.X, start.Y], float64));
            register_parameter("weight", _weights);
        }

        public Tensor X => _weights.select(0, 0);

        public Tensor Y => _weights.select(0, 1);

        public Coordinates Place
        {
            get
            {
                using var scope = NewDisposeScope();
                return new(X.ReadDouble(), Y.ReadDouble());
            }
        }
    }
}
