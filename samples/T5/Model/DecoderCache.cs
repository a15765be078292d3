using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Model;

/// <summary>What the decoder remembers between generated tokens. Made by <see cref="T5Model.StartDecoding"/>.</summary>
internal sealed class DecoderCache(IReadOnlyList<LayerCache> layers, Tensor crossAddend) : IDisposable
{
    public IReadOnlyList<LayerCache> Layers => layers;

    /// <summary>Hides the encoder's padding.</summary>
    public Tensor CrossAddend => crossAddend;

    /// <summary>Number of tokens seen so far.</summary>
    public long Length { get; set; }

    /// <summary>Row i becomes what row <paramref name="rows"/>[i] (int64, on the model's device) was; both of the same input.</summary>
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
