using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace SamSharp.Analysis;

/// <summary>The loss along a line through the weights: L(w + a d) for positions a.</summary>
/// <param name="Positions">The positions a.</param>
/// <param name="Losses">The loss at each position.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record LossSlice(IReadOnlyList<double> Positions, IReadOnlyList<double> Losses)
{
    /// <summary>Evaluates the loss at each position, with one forward pass over the data per position.</summary>
    /// <param name="surface">The loss.</param>
    /// <param name="direction">The direction d.</param>
    /// <param name="positions">The positions a, in multiples of d. <see cref="Places"/> gives evenly spaced ones.</param>
    /// <param name="origin">The weights at position 0; null for the model's weights.</param>
    public static LossSlice Measure(LossSurface surface, WeightVector direction, IReadOnlyList<double> positions, WeightVector? origin = null)
    {
        ArgumentNullException.ThrowIfNull(surface);
        ArgumentNullException.ThrowIfNull(direction);
        ArgumentNullException.ThrowIfNull(positions);
        using var start = origin is null ? surface.Zero() : SliceDirection.Towards(surface, origin);
        using var part = surface.Watch.Begin("slice");
        return new(positions, [.. positions.Select((position, i) =>
        {
            using var displacement = start.Clone().Add(direction, position);
            var loss = surface.Loss(displacement);
            surface.Watch.Report(i + 1, positions.Count);
            return loss;
        })]);
    }

    /// <summary>Evenly spaced positions, both ends included exactly.</summary>
    /// <param name="from">The first position.</param>
    /// <param name="to">The last position.</param>
    /// <param name="count">The number of positions, from 2 to 1,000,000; odd for one in the middle.</param>
    /// <exception cref="ArgumentOutOfRangeException">from or to is not finite, or count is out of range.</exception>
    public static double[] Places(double from, double to, int count)
    {
        Check.Finite(from);
        Check.Finite(to);
        RequirePlaces(count);
        var last = count - 1;
        return [.. Enumerable.Range(0, count).Select(i => ((from * (last - i)) + (to * i)) / last)];
    }

    internal static void RequirePlaces(int count, [CallerArgumentExpression(nameof(count))] string name = "count")
    {
        if (count is < 2 or > 1_000_000) throw new ArgumentOutOfRangeException(name, count, $"{name} must lie in [2, 1000000].");
    }

    /// <summary>The loss along the line from one set of weights to another: positions from 0 to 1, L((1 - a) from + a to).</summary>
    /// <param name="surface">The loss; the weights of its model do not matter.</param>
    /// <param name="from">The weights at position 0.</param>
    /// <param name="to">The weights at position 1.</param>
    /// <param name="positions">The positions a; they may lie outside 0 to 1.</param>
    public static LossSlice Between(LossSurface surface, WeightVector from, WeightVector to, IReadOnlyList<double> positions)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        using var way = to.Clone().Add(from, -1);
        return Measure(surface, way, positions, from);
    }
}
