using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.T5.Tests.Tasks;

public class TypingErrorsTests
{
    private static readonly TaskExample[] Rows = [.. Enumerable.Range(0, 200).Select(i =>
        new TaskExample($"sst2 sentence: a wonderful film number{i} for all", "positive") { Texts = [$"a wonderful film number{i} for all"] })];

    [Fact]
    public void Only_longer_words_of_the_texts_change_and_by_one_error_each()
    {
        var changed = TypingErrors.Add(Rows, 1, seed: 3);
        Assert.All(Rows.Zip(changed), pair =>
        {
            var (before, after) = (pair.First.Texts[0].Split(' '), pair.Second.Texts[0].Split(' '));
            Assert.Equal((before[0], before[4], before[5]), (after[0], after[4], after[5]));
            Assert.All(before.Zip(after), words => Assert.InRange(words.Second.Length - words.First.Length, -1, 1));
            Assert.All(before.Zip(after), words => Assert.Equal(words.First[0], words.Second[0]));
            Assert.Equal("sst2 sentence: " + pair.Second.Texts[0], pair.Second.Input);
            Assert.Equal("positive", pair.Second.Target);
        });
        // Swapped, dropped, doubled and replaced letters all occur; a letter replaced by itself leaves the word alone.
        Assert.Equal(3, Rows.Zip(changed).Select(pair => Math.Sign(pair.Second.Texts[0].Length - pair.First.Texts[0].Length)).Distinct().Count());
    }

    [Fact]
    public void The_share_and_the_seed_are_respected()
    {
        Assert.Equal(Rows, TypingErrors.Add(Rows, 0, seed: 3));
        Assert.Equal(TypingErrors.Add(Rows, 0.3, seed: 3), TypingErrors.Add(Rows, 0.3, seed: 3));
        Assert.NotEqual(TypingErrors.Add(Rows, 0.3, seed: 3), TypingErrors.Add(Rows, 0.3, seed: 4));
        var words = Rows.Zip(TypingErrors.Add(Rows, 0.3, seed: 3))
            .SelectMany(pair => pair.First.Texts[0].Split(' ').Zip(pair.Second.Texts[0].Split(' '))).Where(pair => pair.First.Length > 3).ToList();
        Assert.InRange(words.Count(pair => pair.First != pair.Second) / (double)words.Count, 0.2, 0.4);
    }
}
