namespace SamSharp.Samples.T5.Sampling;

/// <summary>Which rows make up which batch, as a function of the step alone, so that to resume at a step is to ask for that step.</summary>
public interface IBatchSampler
{
    /// <summary>The row indices of a batch; batches are counted from 0, a step takes one.</summary>
    int[] Rows(int batch);
}
