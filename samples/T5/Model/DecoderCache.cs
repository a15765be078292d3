using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>The decoder's memory between generated tokens, created by <see cref="T5Model.StartDecoding"/>.</summary>
internal sealed class DecoderCache(IReadOnlyList<LayerCache> layers, Tensor crossAddend) : IDisposable
{
    public IReadOnlyList<LayerCache> Layers => layers;

    /// <summary>Hides the encoder's padding.</summary>
    public Tensor CrossAddend => crossAddend;

    /// <summary>Number of tokens seen so far.</summary>
    public long Length { get; set; }

    /// <summary>Replaces row i by row <paramref name="rows"/>[i] (int64, on the model's device); both belong to the same input.</summary>
    public void Reorder(Tensor rows)
    {
        foreach (var layer in layers)
            layer.Reorder(rows);
    }

    public void Dispose()
    {
        foreach (var layer in layers)
            layer.Dispose();
        crossAddend.Dispose();
    }
}
