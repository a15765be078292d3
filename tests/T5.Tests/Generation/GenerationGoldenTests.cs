using SamSharp.Samples.T5.Checkpoints;
using SamSharp.Samples.T5.Generation;
using SamSharp.Samples.T5.Tests.Model;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Tests.Generation;

public class GenerationGoldenTests
{
    public static TheoryData<string, string> Cases => T5GoldenTests.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public void Greedy_ids_equal_the_reference(string folder, string name)
    {
        using var scope = NewDisposeScope();
        using var model = T5Checkpoint.Load(GoldenFolder.PathOf(folder));
        var inputs = GoldenFolder.Read(folder, name + "_inputs.safetensors");
        var expected = GoldenFolder.Read(folder, name + "_expected.safetensors")["generated_ids"];
        // Where every row ended, a longer limit must change nothing; else the reference was cut at its limit.
        var allEnded = expected.IsEqualTo(model.Config.EosTokenId).any(1).all().item<bool>();
        var limit = (int)expected.shape[1] - 1 + (allEnded ? 4 : 0);

        var ids = model.Generate(inputs["input_ids"], inputs["attention_mask"], new GenerationOptions { MaxNewTokens = limit });

        Assert.Equal(expected.shape, ids.shape);
        Assert.Equal(expected.data<long>().ToArray(), ids.data<long>().ToArray());
    }
}
