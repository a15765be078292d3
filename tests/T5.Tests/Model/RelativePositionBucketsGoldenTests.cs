using System.Globalization;
using SamSharp.Samples.T5.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Model;

public class RelativePositionBucketsGoldenTests
{
    private const string Positions = "relative_position";

    public static TheoryData<string> Tables =>
        [.. SamSharp.Samples.T5.Checkpoints.SafetensorsFile.ReadAll(GoldenFolder.PathOf("t5_buckets.safetensors")).Keys
            .Where(name => name != Positions)];

    [Theory]
    [MemberData(nameof(Tables))]
    public void Buckets_equal_the_reference(string table)
    {
        using var scope = NewDisposeScope();
        var all = GoldenFolder.Read("t5_buckets.safetensors");
        var parts = table.Split('.');

        var buckets = RelativePositionBuckets.Of(all[Positions], parts[0] == "bidirectional",
            int.Parse(parts[1], CultureInfo.InvariantCulture), int.Parse(parts[2], CultureInfo.InvariantCulture));

        Assert.Equal(all[table].data<long>().ToArray(), buckets.data<long>().ToArray());
    }
}
