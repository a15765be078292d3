using System.Text.Json.Serialization;

namespace SamSharp.Analysis;

/// <summary>The loss over a plane through the weights: L(w + a d1 + b d2).</summary>
/// <param name="First">The positions a along the first direction.</param>
/// <param name="Second">The positions b along the second direction.</param>
/// <param name="Losses">The loss at each pair: Losses[i][j] at First[i], Second[j].</param>
/// <param name="Cosine">The cosine of the angle between the directions, which shows how sheared the picture is. Independent
/// random directions are nearly orthogonal.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record LossPlane(
    IReadOnlyList<double> First,
    IReadOnlyList<double> Second,
    [property: JsonConverter(typeof(RowsConverter))] IReadOnlyList<IReadOnlyList<double>> Losses,
    double Cosine)
{
    /// <summary>Evaluates the loss at each pair of positions, with one forward pass over the data per pair.</summary>
    /// <param name="surface">The loss.</param>
    /// <param name="first">The first direction, d1.</param>
    /// <param name="second">The second direction, d2.</param>
    /// <param name="firstPositions">The positions a, in multiples of d1.</param>
    /// <param name="secondPositions">The positions b, in multiples of d2.</param>
    public static LossPlane Measure(
        LossSurface surface, WeightVector first, WeightVector second, IReadOnlyList<double> firstPositions, IReadOnlyList<double> secondPositions)
    {
        ArgumentNullException.ThrowIfNull(surface);
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentNullException.ThrowIfNull(firstPositions);
        ArgumentNullException.ThrowIfNull(secondPositions);
        using var part = surface.Watch.Begin("plane");
        var losses = firstPositions.Select((a, i) => secondPositions.Select((b, j) =>
        {
            using var displacement = first.Clone().Scale(a).Add(second, b);
            var loss = surface.Loss(displacement);
            surface.Watch.Report((i * secondPositions.Count) + j + 1, firstPositions.Count * secondPositions.Count);
            return loss;
        }).ToArray()).ToArray();
        return new(firstPositions, secondPositions, losses, first.Cosine(second));
    }
}
