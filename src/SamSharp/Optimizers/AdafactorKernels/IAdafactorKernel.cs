namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>Computes one step of the parameters of a batch and of their state.</summary>
internal interface IAdafactorKernel
{
    void Update(AdafactorBatch batch);
}
