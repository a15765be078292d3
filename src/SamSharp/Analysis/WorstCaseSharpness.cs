using static System.FormattableString;

namespace SamSharp.Analysis;

/// <summary>
/// The most that the loss climbs within a ball, max L(w + d) - L(w), estimated by projected gradient ascent. The result is a lower bound of
/// the maximum, and at least the one-step sharpness, where the search begins.
/// </summary>
/// <remarks>
/// Each step goes along the steepest direction from the best point so far, then back to the nearest point of the ball; the step size is
/// halved if the loss did not rise. (Andriushchenko, Croce, Mueller, Hein, Flammarion, "A Modern Look at the Relationship between Sharpness
/// and Generalization", 2023, use Auto-PGD with as many steps and the same first step. They find that none of these numbers predicts
/// generalization by itself in modern settings: read them as diagnostics.)
/// </remarks>
/// <param name="ball">The ball to search.</param>
public sealed class WorstCaseSharpness(Ball ball) : ISharpnessMeasure
{
    private readonly Ball _ball = ball ?? throw new ArgumentNullException(nameof(ball));

    /// <summary>The number of ascent steps from each start, with a forward and a backward pass each. Default 20 (Andriushchenko et al.).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Steps { get; init => field = Check.Positive(value); } = 20;

    /// <summary>The length of the first step, in radii. Default 2 (Andriushchenko et al.).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a positive number.</exception>
    public double StepSize { get; init => field = Check.Positive(value); } = 2;

    /// <summary>Random starts besides w itself. Default 0; if the gradient at w is 0, so that no direction
    /// leads away from it, there is at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public int RandomStarts { get; init => field = (int)Check.NonNegative(value); }

    /// <summary>Seed of the random starts. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<Measurement> Measure(LossSurface surface)
    {
        var (rise, displacement, starts) = Search(surface);
        displacement.Dispose();
        return
        [
            new($"worst case, {_ball.Name}", rise, surface.Rows)
            {
                Radius = _ball.Radius,
                Note = Invariant($"lower bound: {Steps} steps from w{(starts > 0 ? Invariant($" and {starts} random") : "")}"),
            },
        ];
    }

    /// <summary>The highest point that the search finds.</summary>
    /// <param name="surface">The loss.</param>
    /// <returns>How much higher the loss is there than at w, and the displacement from w, which the caller disposes.</returns>
    public (double Rise, WeightVector Displacement) Find(LossSurface surface)
    {
        var (rise, displacement, _) = Search(surface);
        return (rise, displacement);
    }

    private (double Rise, WeightVector Displacement, int Starts) Search(LossSurface surface)
    {
        ArgumentNullException.ThrowIfNull(surface);
        using var part = surface.Watch.Begin($"worst case, {_ball.Name}");
        using var climb = new Climb(surface, _ball);
        using var random = new RandomVectors(Seed);
        (double Loss, WeightVector Z) best;
        bool stuck;
        using (surface.Watch.Begin(null, 0, 1 + RandomStarts)) best = Ascend(climb, surface.Zero(), isOrigin: true, out stuck);
        try
        {
            var starts = stuck ? Math.Max(1, RandomStarts) : RandomStarts;
            for (var i = 0; i < starts; i++)
            {
                using var start = surface.Watch.Begin(null, i + 1, 1 + starts);
                var other = Ascend(climb, _ball.Random(surface, random), isOrigin: false, out _);
                if (other.Loss > best.Loss) (best, other) = (other, best);
                other.Z.Dispose();
            }
            surface.Watch.Report(1, 1);
            return (best.Loss - surface.LossAtOrigin, climb.Displacement(best.Z), starts);
        }
        finally
        {
            best.Z.Dispose();
        }
    }

    /// <summary>The highest point along the ascent, which the caller disposes. It takes over the start.</summary>
    private (double Loss, WeightVector Z) Ascend(Climb climb, WeightVector start, bool isOrigin, out bool stuck)
    {
        var (best, length) = (start, StepSize * _ball.Radius);
        WeightVector? uphill = null;
        try
        {
            (var highest, uphill) = climb.Look(isOrigin ? null : best);
            stuck = uphill.Norm() == 0;
            for (var step = 0; step < Steps && !stuck; step++)
            {
                var next = _ball.Project(best.Clone().Add(uphill, length));
                WeightVector? direction = null;
                try
                {
                    (var loss, direction) = climb.Look(next);
                    if (loss > highest)
                    {
                        highest = loss;
                        (best, next) = (next, best);
                        (uphill, direction) = (direction, uphill);
                    }
                    else
                    {
                        length /= 2;
                    }
                }
                finally
                {
                    next.Dispose();
                    direction?.Dispose();
                }
                climb.Surface.Watch.Report(step + 1, Steps);
            }
            return (highest, best);
        }
        catch
        {
            best.Dispose();
            throw;
        }
        finally
        {
            uphill?.Dispose();
        }
    }
}
