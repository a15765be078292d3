using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Golden;

/// <summary>The settings of one group of a base optimizer; each kind reads those that it has.</summary>
internal sealed record BaseGroup(IEnumerable<Parameter> Parameters, double LearningRate)
{
    public double Momentum { get; init; }

    public double Dampening { get; init; }

    public bool Nesterov { get; init; }

    public double Beta1 { get; init; }

    public double Beta2 { get; init; }

    public double Epsilon { get; init; }

    public double WeightDecay { get; init; }

    public bool AmsGrad { get; init; }

    public bool Maximize { get; init; }
}

/// <summary>Whose base optimizers a golden run is driven on.</summary>
internal abstract class BaseFamily
{
    public abstract optim.Optimizer Sgd(params BaseGroup[] groups);

    public abstract optim.Optimizer AdamW(params BaseGroup[] groups);

    public abstract optim.Optimizer Adam(params BaseGroup[] groups);
}

/// <summary>TorchSharp's own.</summary>
internal sealed class TorchBases : BaseFamily
{
    public override optim.Optimizer Sgd(params BaseGroup[] groups) => optim.SGD(groups.Select(g => new SGD.ParamGroup(g.Parameters, new SGD.Options
    {
        LearningRate = g.LearningRate,
        momentum = g.Momentum,
        dampening = g.Dampening,
        // PyTorch negates the gradient before it adds the decay, TorchSharp after.
        weight_decay = g.Maximize ? -g.WeightDecay : g.WeightDecay,
        nesterov = g.Nesterov,
        maximize = g.Maximize,
    })), groups[0].LearningRate);

    public override optim.Optimizer AdamW(params BaseGroup[] groups) =>
        optim.AdamW(groups.Select(g => new AdamW.ParamGroup(g.Parameters, new AdamW.Options
        {
            LearningRate = g.LearningRate,
            beta1 = g.Beta1,
            beta2 = g.Beta2,
            eps = g.Epsilon,
            weight_decay = g.WeightDecay,
            amsgrad = g.AmsGrad,
            maximize = g.Maximize,
        })), groups[0].LearningRate);

    public override optim.Optimizer Adam(params BaseGroup[] groups) =>
        optim.Adam(groups.Select(g => new Adam.ParamGroup(g.Parameters, new Adam.Options
        {
            LearningRate = g.LearningRate,
            beta1 = g.Beta1,
            beta2 = g.Beta2,
            eps = g.Epsilon,
            weight_decay = g.WeightDecay,
            amsgrad = g.AmsGrad,
            maximize = g.Maximize,
        })), groups[0].LearningRate);
}

/// <summary>This library's, on the kernels of the case.</summary>
internal sealed class FusedBases(UpdateKernels kernels) : BaseFamily
{
    public override optim.Optimizer Sgd(params BaseGroup[] groups) =>
        new FusedSGD(groups.Select(g => new FusedSGD.ParamGroup(g.Parameters, new FusedSGD.Options
        {
            LearningRate = g.LearningRate,
            Momentum = g.Momentum,
            Dampening = g.Dampening,
            WeightDecay = g.WeightDecay,
            Nesterov = g.Nesterov,
            Maximize = g.Maximize,
        })), groups[0].LearningRate)
        { Kernel = kernels };

    public override optim.Optimizer AdamW(params BaseGroup[] groups) =>
        new FusedAdamW(groups.Select(g => new FusedAdamW.ParamGroup(g.Parameters, AdamOptionsOf(g))), groups[0].LearningRate) { Kernel = kernels };

    public override optim.Optimizer Adam(params BaseGroup[] groups) =>
        new FusedAdam(groups.Select(g => new FusedAdam.ParamGroup(g.Parameters, AdamOptionsOf(g))), groups[0].LearningRate) { Kernel = kernels };

    private static AdamOptions AdamOptionsOf(BaseGroup group) => new()
    {
        LearningRate = group.LearningRate,
        Beta1 = group.Beta1,
        Beta2 = group.Beta2,
        Epsilon = group.Epsilon,
        WeightDecay = group.WeightDecay,
        AmsGrad = group.AmsGrad,
        Maximize = group.Maximize,
    };
}
