using System.Text.Json.Serialization;
using static System.FormattableString;

namespace SamSharp.Analysis;

/// <summary>One measured number, and what is needed to interpret it.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The number, in units of the loss; per unit of weight squared if it measures the Hessian.</param>
/// <param name="Rows">The number of rows of data it was measured on; 0 if that is not known.</param>
[JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
public sealed record Measurement(string Name, double Value, long Rows)
{
    /// <summary>What was measured.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public string Name { get; init => field = Check.Given(value, nameof(Name)); } = Check.Given(Name);

    /// <summary>The radius rho; the standard deviation sigma for an average over normal displacements; null if there is none.</summary>
    public double? Radius { get; init; }

    /// <summary>How far off the value may be, in the sense of <see cref="ErrorKind"/>; null if that is not known.</summary>
    public double? Error { get; init; }

    /// <summary>What <see cref="Error"/> is.</summary>
    public MeasurementError ErrorKind { get; init; }

    /// <summary>A note on the measurement if it matters: that the value is a lower bound, the number of steps or draws.</summary>
    public string Note { get; init; } = "";

    /// <summary>Name, value and error in one line.</summary>
    public override string ToString() => Invariant($"{Name}: {Value:G6}") + (Error is { } error ? Invariant($" +- {error:G2}") : "");
}
