namespace SamSharp.Samples.T5.Sampling;

/// <summary>The rows that each step trains on: a function of the step alone, so that to resume at a step is to ask for that step.</summary>
public interface IBatchSource
{
    /// <summary>Equal only for sources that give the same rows: a run is only resumed on those it began with.</summary>
    string Fingerprint { get; }

    /// <summary>The rows of a batch; batches are counted from 0, a step takes one.</summary>
    IReadOnlyList<EncodedExample> At(int batch);
}
