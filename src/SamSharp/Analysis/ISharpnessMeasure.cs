namespace SamSharp.Analysis;

/// <summary>A measure of sharpness: settings, and a way to take it of any loss surface.</summary>
public interface ISharpnessMeasure
{
    /// <summary>Measures, and leaves everything as it was.</summary>
    /// <returns>One number or several that come together.</returns>
    IReadOnlyList<Measurement> Measure(LossSurface surface);
}
