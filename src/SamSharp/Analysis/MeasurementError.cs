namespace SamSharp.Analysis;

/// <summary>The kind of error of a <see cref="Measurement"/>.</summary>
public enum MeasurementError
{
    /// <summary>The value is not an estimate, or nothing is known.</summary>
    None,

    /// <summary>The standard error of a mean over random draws, or over batches.</summary>
    StandardError,

    /// <summary>||H v - lambda v|| of an eigenpair with ||v|| = 1: an eigenvalue is at most this far away.</summary>
    Residual,
}
