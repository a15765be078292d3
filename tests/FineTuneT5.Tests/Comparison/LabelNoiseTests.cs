using SamSharp.Samples.FineTuneT5.Comparison;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.Tests.Comparison;

public class LabelNoiseTests
{
    private static readonly TaskExample[] Rows = [.. Enumerable.Range(0, 300).Select(i => new TaskExample($"text {i}", $"label {i % 3}"))];

    [Fact]
    public void The_wanted_part_of_the_labels_becomes_another_one_of_them()
    {
        var noisy = LabelNoise.Add(Rows, 0.2, seed: 3);
        Assert.Equal(Rows.Select(row => row.Input), noisy.Select(row => row.Input));
        var changed = Rows.Zip(noisy).Where(pair => pair.First.Target != pair.Second.Target).ToList();
        Assert.Equal(60, changed.Count);
        Assert.All(noisy, row => Assert.Contains(row.Target, (string[])["label 0", "label 1", "label 2"]));
        // Each of the two others now and then.
        Assert.All(changed.GroupBy(pair => pair.First.Target), group => Assert.Equal(2, group.Select(pair => pair.Second.Target).Distinct().Count()));
    }

    [Fact]
    public void The_seed_decides_which()
    {
        Assert.Equal(LabelNoise.Add(Rows, 0.2, 3), LabelNoise.Add(Rows, 0.2, 3));
        Assert.NotEqual(LabelNoise.Add(Rows, 0.2, 3), LabelNoise.Add(Rows, 0.2, 4));
        Assert.Same(Rows, LabelNoise.Add(Rows, 0, 3));
    }

    [Fact]
    public void Answers_that_are_no_labels_are_refused()
    {
        TaskExample[] answers = [.. Enumerable.Range(0, 200).Select(i => new TaskExample("question", $"answer {i}"))];
        Assert.Contains("--label-noise", Assert.Throws<ArgumentException>(() => LabelNoise.Add(answers, 0.2, 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LabelNoise.Add(answers[..1], 0.2, 1));
    }
}
