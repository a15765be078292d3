using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.Encoders.Tokenization;

/// <summary>Rows of a task as ids and the number of their label: a text alone, or a pair.</summary>
public static class ClassificationRows
{
    /// <summary>With more they are no labels.</summary>
    public const int MostLabels = 150;

    /// <summary>What the rows' targets are, in order.</summary>
    /// <exception cref="ArgumentException">The rows are not to be classified, or have one label or very many.</exception>
    public static IReadOnlyList<string> Labels(string task, IReadOnlyList<TaskExample> examples)
    {
        string[] labels = [.. examples.Select(example => example.Target).Distinct().Order(StringComparer.Ordinal)];
        if (labels.Length > MostLabels || examples.Any(example => example.Texts.Count == 0))
            throw new ArgumentException($"The task '{task}' does not classify texts or pairs: an encoder cannot be trained on it.");
        return labels.Length >= 2
            ? labels
            : throw new ArgumentException($"All training rows of '{task}' have the label '{labels.FirstOrDefault()}': a classifier needs two.");
    }

    /// <param name="labels">All labels, in the classifier's order; a row of another one gets a label that no loss counts.</param>
    /// <param name="maxLength">Longest row in ids.</param>
    public static IReadOnlyList<EncodedExample> Encode(
        IReadOnlyList<TaskExample> examples, IReadOnlyList<string> labels, WordPieceTokenizer tokenizer, int maxLength)
    {
        var numbers = labels.Index().ToDictionary(label => label.Item, label => label.Index);
        return [.. examples.Select(example => new EncodedExample(
            tokenizer.Encode(example.Texts[0], example.Texts.Count > 1 ? string.Join(' ', example.Texts.Skip(1)) : null, maxLength),
            [numbers.GetValueOrDefault(example.Target, (int)Batch.IgnoredLabel)]))];
    }
}
