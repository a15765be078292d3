namespace SamSharp.Samples.T5.Sampling;

/// <summary>Provides the rows of each step as a function of the step alone, so a resumed run only needs its step.</summary>
public interface IBatchSource
{
    /// <summary>Equal only for sources with the same rows: a run resumes only on the rows it started with.</summary>
    string Fingerprint { get; }

    /// <summary>The rows of a batch, counted from 0; each step uses one batch.</summary>
    IReadOnlyList<EncodedExample> At(int batch);
}
