using System.Text.RegularExpressions;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>Misspells words: swaps two letters, drops one, doubles one or writes another one. The first letter of a word stays.</summary>
public static partial class TypingErrors
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";

    /// <summary>The rows with errors in their texts.</summary>
    /// <param name="rows">Rows to misspell; their targets stay.</param>
    /// <param name="part">The share of the words of four letters or more that get an error, from 0 to 1.</param>
    /// <param name="seed">Equal seeds make equal errors.</param>
    public static IReadOnlyList<TaskExample> Add(IReadOnlyList<TaskExample> rows, double part, int seed)
    {
        var random = new Random(seed);
        string Misspelled(string text) => Words().Replace(text, word => random.NextDouble() < part ? Misspell(word.Value, random) : word.Value);
        return [.. rows.Select(row =>
        {
            string[] texts = [.. row.Texts.Select(Misspelled)];
            var input = row.Texts.Zip(texts).Where(pair => pair.First.Length > 0)
                .Aggregate(row.Input, (whole, pair) => whole.Replace(pair.First, pair.Second, StringComparison.Ordinal));
            return row with { Input = input, Texts = texts };
        })];
    }

    private static string Misspell(string word, Random random)
    {
        var place = random.Next(1, word.Length - 1);
        return random.Next(4) switch
        {
            0 => word[..place] + word[place + 1] + word[place] + word[(place + 2)..],
            1 => word.Remove(place, 1),
            2 => word.Insert(place, word[place..(place + 1)]),
            _ => word[..place] + Letters[random.Next(Letters.Length)] + word[(place + 1)..],
        };
    }

    [GeneratedRegex(@"\p{L}{4,}")]
    private static partial Regex Words();
}
