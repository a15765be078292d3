namespace SamSharp.Analysis;

/// <summary>A measure of sharpness: its settings, and a method that applies it to any loss surface.</summary>
public interface ISharpnessMeasure
{
    /// <summary>Measures, and leaves everything as it was.</summary>
    /// <returns>One measurement, or several that are computed together.</returns>
    IReadOnlyList<Measurement> Measure(LossSurface surface);
}
