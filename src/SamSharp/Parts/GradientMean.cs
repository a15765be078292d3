using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>The weighted mean, or sum, of the gradients of several runs of one step, and the mean of their losses.</summary>
internal sealed class GradientMean(StepServices services) : IDisposable
{
    private readonly SlotTensors _sums = new();
    private readonly LossMean _loss = new(services.Report);

    /// <summary>Adds the losses and final gradients of a run.</summary>
    /// <param name="share">The weight of the losses.</param>
    /// <param name="weight">The weight of the gradients; null for that of the losses.</param>
    public void Add(double share, double? weight = null)
    {
        _loss.Add(share);
        using var noGradient = no_grad();
        foreach (var bucket in services.Table.Filled)
        {
            var gradients = bucket.Parameters.Select(parameter => parameter.Final!).ToArray();
            services.Kernels.Accumulate(_sums.Of(bucket.Parameters, ParameterBucket.NewSum), gradients, weight ?? share);
        }
        services.Table.ReleaseGradients();
    }

    /// <summary>Sets the parameters' gradients and the report's losses.</summary>
    public void Put()
    {
        _loss.Put();
        foreach (var parameter in services.Table.Slots)
        {
            if (_sums.Find(parameter) is not { } sum) continue;
            using var gradient = sum.to(parameter.Parameter.dtype);
            parameter.Parameter.grad = gradient;
        }
        services.Table.RequireGradients("second", perturbed: false);
    }

    /// <summary>The mean loss, which the caller owns.</summary>
    public Tensor TakeLoss() => _loss.Take();

    public void Dispose()
    {
        _loss.Dispose();
        _sums.Dispose();
    }
}
