using static TorchSharp.torch;

namespace SamSharp.Distributed;

/// <summary>The settings of <see cref="ProcessGroup.Gradients"/>.</summary>
internal sealed record ExchangeSettings
{
    public Func<double>? Weight { get; init; }

    public bool SynchronizesAscent { get; init; }

    public nn.Module? Compared { get; init; }

    public int CompareEvery { get; init; } = 1;

    public required int BucketBytes { get; init; }
}
