using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Sampling;

/// <summary>int64 tensors: ids and mask [rows, longest source], labels [rows, longest target] with -100 as padding.</summary>
public sealed record Batch(Tensor InputIds, Tensor AttentionMask, Tensor Labels) : IDisposable
{
    /// <summary>The label value that the loss ignores.</summary>
    public const long IgnoredLabel = -100;

    public int Count => (int)InputIds.shape[0];

    /// <summary>Pads each side to its longest row.</summary>
    public static Batch Collate(IReadOnlyList<EncodedExample> examples, int padId, Device device)
    {
        var sources = examples.Select(example => example.Source).ToList();
        return new(
            Pad(sources, padId, device, id => id),
            Pad(sources, 0, device, _ => 1),
            Pad([.. examples.Select(example => example.Target)], IgnoredLabel, device, id => id));
    }

    /// <summary>The first rows, this fraction of the batch and at least one, as views.</summary>
    public Batch Head(double fraction)
    {
        var parts = BatchSlice.Take(fraction, InputIds, AttentionMask, Labels);
        return new(parts[0], parts[1], parts[2]);
    }

    /// <summary>Number of label ids that the loss averages over.</summary>
    public long LabelCount
    {
        get
        {
            using var scope = NewDisposeScope();
            return Labels.IsNotEqualTo(IgnoredLabel).sum().item<long>();
        }
    }

    /// <summary>The batch in parts of at most this many rows, as views.</summary>
    public IReadOnlyList<Batch> Split(int rows) =>
        [.. InputIds.split(rows).Zip(AttentionMask.split(rows), Labels.split(rows)).Select(part => new Batch(part.First, part.Second, part.Third))];

    public void Dispose()
    {
        InputIds.Dispose();
        AttentionMask.Dispose();
        Labels.Dispose();
    }

    private static Tensor Pad(List<int[]> rows, long padding, Device device, Func<int, long> value)
    {
        var width = rows.Max(row => row.Length);
        var values = new long[rows.Count * width];
        Array.Fill(values, padding);
        for (var i = 0; i < rows.Count; i++)
        {
            for (var j = 0; j < rows[i].Length; j++)
                values[(i * width) + j] = value(rows[i][j]);
        }
        return tensor(values, [rows.Count, width], device: device);
    }
}
