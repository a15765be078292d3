using System.Text.Json;
using SamSharp.Analysis;
using SamSharp.Samples.T5.Files;

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
public sealed record Landscape(
    string Name, LossSlice Random, LossSlice Gradient, LossSlice Eigenvector, LossPlane Plane, double Radius, double Worst, double Rise,
    double LargestEigenvalue, SpectralDensity Spectrum, long Rows)
{
    private static readonly JsonSerializerOptions Strictly = JsonText.Strictly(new());

    /// <summary>Filters move by up to this part of their norm.</summary>
    private const double RandomExtent = 0.5;

    /// <summary>Slices along unit directions extend this many radii to both sides.</summary>
    private const double Radii = 3;

    private const int Points = 25;
    private const int PlanePoints = 13;
    private const int SpectrumStarts = 2;

    /// <param name="radius">The radius of the sharpness measure.</param>
    public static Landscape Measure(string name, LossSurface surface, double radius)
    {
        LossSlice Slice(WeightVector direction, double extent) => LossSlice.Measure(surface, direction, LossSlice.Places(-extent, extent, Points));
        using var random = SliceDirection.FilterNormalized(surface);
        using var gradient = SliceDirection.Gradient(surface);
        using var top = SliceDirection.TopEigenvectors(surface)[0];
        using var hessian = new Hessian(surface);
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
        var plane = LossPlane.Measure(surface, first, second, places, places);
        return new(name, Slice(random, RandomExtent), Slice(gradient, Radii * radius), Slice(top.Vector, Radii * radius),
            plane, radius, length, rise, top.Value, SpectralDensity.Estimate(hessian, SpectrumStarts), surface.Rows);
    }

    public void Save(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this));

    public static Landscape Load(string path) => JsonText.ReadObject<Landscape>(path, Strictly);
}
