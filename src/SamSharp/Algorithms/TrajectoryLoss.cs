using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The term that SAF and MESA add to the training loss in place of an ascent: predictions may not run away from earlier ones, so that the loss stays flat along the path
/// (Du, Zhou, Feng, Tan, Zhou, "Sharpness-Aware Training for Free", 2022; AngusDujw/SAF): weight temperature^2 KL(softmax(earlier / temperature) || softmax(current / temperature)).
/// </summary>
/// <remarks>
/// For SAF the earlier logits are those of the same examples some epochs ago, see <see cref="LogitHistory"/>; for MESA those of an exponential average of the weights now. The authors use it from
/// the sixth epoch on. SAF costs no pass, MESA a forward pass. It goes with any optimizer, a sharpness-aware one too.
/// </remarks>
/// <example><code>
/// using var average = WeightAverage.Exponential(model);                                          // MESA
/// Tensor earlier;
/// using (torch.no_grad()) using (average.SwapIn()) earlier = model.call(x);
/// var logits = model.call(x);
/// var loss = cross_entropy(logits, y) + TrajectoryLoss.Of(logits, earlier, TrajectoryLoss.MesaWeight);
/// ... step ...; average.Update();
/// </code></example>
public static class TrajectoryLoss
{
    /// <summary>SAF's weight: 0.16, the default of the authors' code; their README has 0.3.</summary>
    public const double SafWeight = 0.16;

    /// <summary>MESA's weight: 0.3, the default of the authors' code; their README has 0.8.</summary>
    public const double MesaWeight = 0.3;

    /// <summary>The term, a mean over examples: all dimensions but the last one, which holds the classes.</summary>
    /// <param name="current">Logits under the present weights.</param>
    /// <param name="earlier">Logits of the same shape; no gradient flows there.</param>
    /// <param name="weight">Not negative; 0 makes the term 0. Default <see cref="SafWeight"/>.</param>
    /// <param name="temperature">Above 0. Default 5 (the authors' code).</param>
    /// <returns>Without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The weight is negative, or the temperature not above 0.</exception>
    public static Tensor Of(Tensor current, Tensor earlier, double weight = SafWeight, double temperature = 5)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(earlier);
        Check.NonNegative(weight);
        Check.Positive(temperature);
        using var scope = NewDisposeScope();
        return (Divergence.ForwardKl(current / temperature, earlier.detach() / temperature) * (weight * temperature * temperature)).MoveToOuterDisposeScope();
    }
}
