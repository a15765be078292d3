using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Noise in opposite pairs: draws 0, 2, 4, ... are those of another noise, and 1, 3, 5, ... their negatives, so that what is odd in the noise cancels in a mean over pairs.</summary>
/// <param name="noise">The other noise.</param>
public sealed class AntitheticNoise(INoise noise) : INoise
{
    /// <inheritdoc/>
    public Tensor Sample(ParameterSlot slot, long number, int draw)
    {
        var even = noise.Sample(slot, number, draw - (draw % 2));
        return draw % 2 == 0 ? even : even.neg();
    }
}
