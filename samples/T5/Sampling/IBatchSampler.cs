namespace SamSharp.Samples.T5.Sampling;

/// <summary>Chooses the rows of each batch as a function of the step alone, so a resumed run only needs its step.</summary>
public interface IBatchSampler
{
    /// <summary>The row indices of a batch, counted from 0; each step uses one batch.</summary>
    int[] Rows(int batch);
}
