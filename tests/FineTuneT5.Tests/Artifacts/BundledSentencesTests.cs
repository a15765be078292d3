using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Tests.Artifacts;

public class BundledSentencesTests
{
    private static readonly T5Task Sentences = TaskCatalog.Find("sentences");

    [Theory]
    [InlineData(Split.Train, 801, 401)]
    [InlineData(Split.Validation, 200, 100)]
    [InlineData(Split.Test, 200, 100)]
    public void Each_split_is_balanced(Split split, int rows, int positive)
    {
        var examples = Sentences.Load(BundledData.Folder, split);
        Assert.Equal(rows, examples.Count);
        Assert.Equal(positive, examples.Count(example => example.Target == "positive"));
    }

    [Fact]
    public void No_sentence_occurs_twice()
    {
        string[] inputs = [.. Enum.GetValues<Split>().SelectMany(split => Sentences.Load(BundledData.Folder, split))
            .Select(example => string.Concat(example.Input.Where(char.IsLetterOrDigit)).ToUpperInvariant())];
        Assert.Equal(1201, inputs.Length);
        Assert.Equal(inputs.Length, inputs.Distinct().Count());
    }
}
