namespace SamSharp.Samples.T5.Data;

/// <summary>A part of a data set.</summary>
public enum Split
{
    Train,
    Validation,
    Test,
}
