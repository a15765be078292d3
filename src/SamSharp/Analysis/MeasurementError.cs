namespace SamSharp.Analysis;

/// <summary>What the error of a <see cref="Measurement"/> is.</summary>
public enum MeasurementError
{
    /// <summary>The value is no estimate, or nothing is known.</summary>
    None,

    /// <summary>The standard error of a mean over random draws, or over batches.</summary>
    StandardError,

    /// <summary>||H v - lambda v|| of an eigenpair with ||v|| = 1: an eigenvalue is at most so far away.</summary>
    Residual,
}
