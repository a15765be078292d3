namespace SamSharp.Optimizers;

/// <summary>The hyperparameters of a group of <see cref="FusedAdam"/> or <see cref="FusedAdamW"/>; null values come from
/// the optimizer when the group is added.</summary>
public sealed class AdamOptions : GroupOptions
{
    /// <summary>Decay of the first moment, in [0, 1).</summary>
    public double? Beta1 { get; set; }

    /// <summary>Decay of the second moment, in [0, 1).</summary>
    public double? Beta2 { get; set; }

    /// <summary>Added to the root of the second moment.</summary>
    public double? Epsilon { get; set; }

    /// <summary>Weight decay: decoupled in <see cref="FusedAdamW"/>, part of the gradient in <see cref="FusedAdam"/>.</summary>
    public double? WeightDecay { get; set; }

    /// <summary>Whether the largest second moment so far replaces the current one.</summary>
    public bool? AmsGrad { get; set; }

    /// <summary>Whether to ascend along the gradient instead of descending.</summary>
    public bool? Maximize { get; set; }

    internal (double, double) Betas
    {
        get => (Of(Beta1), Of(Beta2));
        set => (Beta1, Beta2) = value;
    }

    private protected override double?[] Numbers
    {
        get => [Beta1, Beta2, Epsilon, WeightDecay];
        set => (Beta1, Beta2, Epsilon, WeightDecay) = (value[0], value[1], value[2], value[3]);
    }

    private protected override bool?[] Flags
    {
        get => [AmsGrad, Maximize];
        set => (AmsGrad, Maximize) = (value[0], value[1]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
        Require(Epsilon is >= 0 and < double.PositiveInfinity, "epsilon", Epsilon, "finite and not negative");
        Require(WeightDecay is >= 0 and < double.PositiveInfinity, "weightDecay", WeightDecay, "finite and not negative");
    }
}
