using System.Text.RegularExpressions;
using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>
/// Plain text classification: your own files, and well-known sets in their original formats. T5 has no prompts for these; the
/// prompts and words are this project's. Repeated texts, texts with two labels, and training texts that are also test rows are
/// left out. For sets without splits a fixed shuffle sets a tenth apart for validation and another tenth for testing.
/// </summary>
internal static partial class TextTasks
{
    private static readonly (string, string)[] Sentiment = [("0|neg", "negative"), ("1|pos", "positive")];

    private static readonly (string, string)[] Coarse =
    [
        ("ABBR", "abbreviation"), ("DESC", "description"), ("ENTY", "entity"), ("HUM", "human"), ("LOC", "location"), ("NUM", "number"),
    ];

    public static IReadOnlyList<T5Task> All { get; } =
    [
        // The sentences bundled with this repository.
        new ClassificationTask("sentences", "sentiment: {sentence}", Sentiment) { LabelledTest = true },
        Of("classify: {sentence|text}", []),

        new ClassificationTask("trec", "trec question: {sentence}", Coarse)
        {
            Files = Trec,
            LabelPart = label => label.Split(':')[0],
            Scores = [ClassificationScore.Accuracy, ClassificationScore.MacroF1],
            LabelledTest = true,
            HoldOut = new(),
            Distinct = true,
        },
        new ClassificationTask("trec-fine", "trec fine question: {sentence}")
        {
            Files = Trec,
            Scores = [ClassificationScore.Accuracy, ClassificationScore.MacroF1],
            LabelledTest = true,
            HoldOut = new(),
            Distinct = true,
        },
        Unsplit("subj", "SUBJ", "subj sentence: {sentence}", ["subj.subjective", "subj.objective"],
            ("objective", "objective"), ("subjective", "subjective")),
        Unsplit("cr", "CR", "review sentiment: {sentence}", ["custrev.pos", "custrev.neg"], Sentiment),
        Unsplit("mr", "MR", "review sentiment: {sentence}", ["rt-polarity.pos", "rt-polarity.neg"], Sentiment),
        new ClassificationTask("sms", "sms: {sentence}", ("ham", "ham"), ("spam", "spam"))
        {
            Files = new()
            {
                Folders = ["SMS_Spam", "textclass/SMS_Spam"],
                Whole = ["SMSSpamCollection"],
                Reader = LabelledLines.BySpace,
            },
            Scores = [ClassificationScore.F1, ClassificationScore.Accuracy],
            HoldOut = new() { Shuffled = true, WithTest = true },
            Distinct = true,
            SkipsEmpty = true,
            Clean = SingleSpaces,
        },
        new ClassificationTask("agnews", "news title: {title} text: {description}",
            ("1", "World"), ("2", "Sports"), ("3", "Business"), ("4", "Technology"))
        {
            Files = new()
            {
                Folders = ["AG_News", "textclass/AG_News", "ag_news_csv"],
                Train = ["train", "train_20000"],
                Columns = ["label", "title", "description"],
            },
            Scores = [ClassificationScore.Accuracy, ClassificationScore.MacroF1],
            LabelledTest = true,
            HoldOut = new() { Shuffled = true },
            Distinct = true,
            Clean = WithoutMarkup,
        },
        new ClassificationTask("imdb", "review sentiment: {sentence|text}", Sentiment)
        {
            Files = new()
            {
                Folders = ["IMDB", "textclass/IMDB", "imdb"],
                Train = ["train", "train_5000"],
                Test = ["test", "test_2000"],
            },
            LabelledTest = true,
            HoldOut = new() { Shuffled = true },
            Distinct = true,
            Clean = WithoutMarkup,
        },
    ];

    /// <summary>Your own files, by their columns.</summary>
    /// <param name="prompt">The input, with columns in braces.</param>
    /// <param name="labels">The labels in the files, each with its word; empty: the labels are the words.</param>
    /// <param name="labelColumn">The column with the label.</param>
    public static ClassificationTask Of(string prompt, IReadOnlyList<(string, string)> labels, string labelColumn = "label") =>
        new("text", prompt, labels)
        {
            Scores = [ClassificationScore.Accuracy, ClassificationScore.MacroF1],
            LabelColumn = labelColumn,
            LabelledTest = true,
            HoldOut = new() { Shuffled = true },
        };

    private static DataFiles Trec => new()
    {
        Folders = ["TREC", "textclass/TREC"],
        Train = ["train_5500", "TREC.train"],
        Test = ["TREC_10", "TREC.test"],
        Reader = LabelledLines.BySpace,
    };

    private static ClassificationTask Unsplit(string name, string folder, string prompt, string[] files, params (string, string)[] labels) =>
        new(name, prompt, labels)
        {
            Files = new() { Folders = [folder, $"textclass/{folder}"], Whole = files, Reader = LabelledLines.ByFile },
            HoldOut = new() { Shuffled = true, WithTest = true },
            Distinct = true,
            SkipsEmpty = true,
            Clean = SingleSpaces,
        };

    /// <summary>Removes control characters and repeated white space.</summary>
    internal static string SingleSpaces(string text) =>
        Spaces().Replace(string.Concat(text.Where(character => !char.IsControl(character) || char.IsWhiteSpace(character))), " ").Trim();

    /// <summary>
    /// Repairs news and reviews from the web, where entities lost their ampersand (<c>#39;</c>, <c>quot;</c>) and line breaks are backslashes.
    /// </summary>
    internal static string WithoutMarkup(string text)
    {
        var whole = LostAmpersand().Replace(text, "&$0").Replace('\\', ' ');
        return SingleSpaces(Tag().Replace(System.Net.WebUtility.HtmlDecode(whole), " "));
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"(?<!&)(#\d{2,4}|\b(?:quot|amp|lt|gt|nbsp));")]
    private static partial Regex LostAmpersand();

    [GeneratedRegex(@"</?[A-Za-z][^<>]*>")]
    private static partial Regex Tag();
}
