using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// FSAM's mask: the weights whose squared gradient is among the largest, made anew every so many ascents from the gradient of the batch
/// (Zhong, Ding, Shen, Mi, Liu, Du, Tao, "Improving Sharpness-Aware Minimization with Fisher Mask for Better Generalization on Language Models", 2022).
/// </summary>
/// <remarks>The authors' code leaves tensors named bias or embed, and BatchNorm, out of the mask and perturbs them densely, and perturbs nothing in steps that make the mask anew.
/// Here the mask is used at once; <c>masks</c> says which parameters are masked, all by default.</remarks>
public sealed class FisherMask : KeptMask
{
    private readonly double _keep;
    private readonly int _interval;
    private readonly Func<ParameterSlot, bool> _isMasked;
    private long _ascents;

    /// <summary>A mask that is made at the first ascent.</summary>
    /// <param name="keep">The share of the masked parameters' weights that is perturbed, rounded up; in (0, 1]. Default 0.1 (WHU-ZQH/FSAM4PLM).</param>
    /// <param name="interval">How many ascents one mask serves. Default 100 (the same code).</param>
    /// <param name="masks">Which parameters are masked; the others are perturbed whole. Default: all.</param>
    /// <exception cref="ArgumentOutOfRangeException">keep is not in (0, 1], or interval is less than 1.</exception>
    public FisherMask(double keep = 0.1, int interval = 100, Func<ParameterSlot, bool>? masks = null)
    {
        _keep = keep > 0 && keep <= 1 ? keep : throw new ArgumentOutOfRangeException(nameof(keep), keep, "The share of weights that is perturbed must lie in (0, 1].");
        _interval = Check.Positive(interval);
        _isMasked = masks ?? (_ => true);
    }

    private protected override bool IsOfGradients => true;

    /// <inheritdoc/>
    public override void Prepare(Ascent ascent)
    {
        ArgumentNullException.ThrowIfNull(ascent);
        if (_ascents++ % _interval != 0) return;
        var scores = ascent.Lists.SelectMany(list => list.Slots.Zip(list.Gradients)).Where(pair => _isMasked(pair.First))
            .Select(pair => (pair.First, pair.Second.detach().square().to(ScalarType.Float32, ascent.Lists[0].Device))).ToArray();
        var kept = (long)Math.Ceiling(_keep * scores.Sum(score => score.Item2.numel()));
        TopScores.Keep(scores, kept, Masks);
    }

    /// <inheritdoc/>
    public override void Exchange(PartState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _ascents = state.Count("ascents", _ascents);
        base.Exchange(state);
    }
}
