using System.Text.Json;
using SamSharp.Analysis;
using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Monitoring;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>The training loss around a finished run's weights: <c>landscape.json</c> in its folder.</summary>
/// <param name="Name"><c>adamw</c> or <c>SAM(adamw)</c>.</param>
/// <param name="Random">Along a filter-normalized random direction.</param>
/// <param name="Gradient">Along the gradient, in units of weight.</param>
/// <param name="Eigenvector">Along the eigenvector of the Hessian's largest eigenvalue, in units of weight.</param>
/// <param name="Plane">Over the plane of the worst displacement that was found, along the first axis, and of a random one at right angles to it, in
/// units of weight.</param>
/// <param name="Radius">The radius of the ball in which the worst displacement was sought.</param>
/// <param name="Worst">The length of the worst displacement.</param>
/// <param name="Rise">How much higher the loss is there.</param>
/// <param name="LargestEigenvalue">The Hessian's largest eigenvalue.</param>
/// <param name="Rows">The training rows it was measured on.</param>
/// <param name="Step">The step that the weights are of.</param>
public sealed record Landscape(
    string Name, LossSlice Random, LossSlice Gradient, LossSlice Eigenvector, LossPlane Plane, double Radius, double Worst, double Rise,
    double LargestEigenvalue, SpectralDensity Spectrum, long Rows, int Step = 0)
{
    /// <summary>The name of the file in a run's folder.</summary>
    public const string FileName = "landscape.json";

    private static readonly JsonSerializerOptions Leniently = new(), Strictly = JsonText.Strictly(Leniently);

    /// <summary>Filters move by up to this part of their norm.</summary>
    private const double RandomExtent = 0.5;

    /// <summary>Slices along unit directions extend this many radii to both sides.</summary>
    private const double Radii = 3;

    private const int Points = 25;
    private const int PlanePoints = 13;
    private const int SpectrumStarts = 2;

    /// <param name="name">The run's name.</param>
    /// <param name="step">The step that the weights are of.</param>
    /// <param name="surface">The loss.</param>
    /// <param name="radius">The radius of the sharpness measure.</param>
    /// <param name="measuring">Watches the passes of the surface.</param>
    public static Landscape Measure(string name, int step, LossSurface surface, double radius, Measuring measuring)
    {
        var batches = surface.Batches.Count;
        LossSlice Slice(string along, WeightVector direction, double extent)
        {
            measuring.Begin($"loss along {along}", Points * batches);
            return LossSlice.Measure(surface, direction, LossSlice.Places(-extent, extent, Points));
        }
        measuring.Begin("gradient", batches);
        using var random = SliceDirection.FilterNormalized(surface);
        using var gradient = SliceDirection.Gradient(surface);
        measuring.Begin("largest eigenvalue of the Hessian");
        using var top = SliceDirection.TopEigenvectors(surface)[0];
        using var hessian = new Hessian(surface);
        measuring.Begin("eigenvalues of the Hessian");
        var spectrum = SpectralDensity.Estimate(hessian, SpectrumStarts);
        measuring.Begin("worst point of the ball");
        var (rise, worst) = new WorstCaseSharpness(new Ball(radius)).Find(surface);
        using var first = worst;
        var length = first.Norm();
        using var second = random.Clone();
        if (length > 0)
        {
            first.Scale(1 / length);
            second.Add(first, -first.Dot(second));
        }
        second.Scale(1 / second.Norm());
        var places = LossSlice.Places(-Radii * radius, Radii * radius, PlanePoints);
        measuring.Begin("loss over a plane", PlanePoints * PlanePoints * batches);
        var plane = LossPlane.Measure(surface, first, second, places, places);
        return new(name, Slice("a random direction", random, RandomExtent), Slice("the gradient", gradient, Radii * radius),
            Slice("the top eigenvector", top.Vector, Radii * radius), plane, radius, length, rise, top.Value, spectrum, surface.Rows, step);
    }

    public void Save(string path) => AtomicFile.Write(path, JsonSerializer.Serialize(this));

    /// <summary>The landscape in a file; null if there is none, one of another step, or one of an earlier version, which measured less.</summary>
    public static Landscape? Find(string path, int step) =>
        File.Exists(path) && !IsOfEarlierVersion(path) && Load(path) is { } landscape && landscape.Step == step ? landscape : null;

    public static Landscape Load(string path) => JsonText.ReadObject<Landscape>(path, Strictly);

    /// <summary>The landscape of another run, which tells its folder.</summary>
    /// <exception cref="ArgumentException">There is none, or one of an earlier version.</exception>
    public static Landscape LoadBeside(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path) || IsOfEarlierVersion(path))
        {
            throw new ArgumentException(
                $"--landscape-beside names {folder}, which has no {FileName} of this version: run that with --resume --landscape first.");
        }
        var landscape = Load(path);
        return landscape with { Name = $"{landscape.Name} in {folder}" };
    }

    // What is missing is null.
    private static bool IsOfEarlierVersion(string path) =>
        JsonText.ReadObject<Landscape>(path, Leniently) is { Spectrum: null } or { Plane: null } or { Radius: 0 };
}
