namespace SamSharp.Samples.T5.Tasks;

/// <summary>The tasks by name, with T5's own prompts and label words.</summary>
/// <remarks>
/// Prompts and words: Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer" (2020),
/// appendix D. Scores: the benchmarks' own, GLUE (Wang et al., 2018) and SuperGLUE (Wang et al., 2019).
/// </remarks>
public static class TaskCatalog
{
    /// <summary>All tasks.</summary>
    public static IReadOnlyList<T5Task> All { get; } =
    [
        // The sentences that this repository carries, and files of one's own: columns sentence and label.
        new ClassificationTask("sentences", "sentiment: {sentence}", ("0", "negative"), ("1", "positive")),
        new ClassificationTask("text", "classify: {sentence}") { Scores = ["accuracy", "f1_macro"] },

        new ClassificationTask("sst2", "sst2 sentence: {sentence}", ("0", "negative"), ("1", "positive"))
        {
            FolderNames = Glue("SST-2"),
        },
        new ClassificationTask("cola", "cola sentence: {sentence}", ("0", "unacceptable"), ("1", "acceptable"))
        {
            FolderNames = Glue("CoLA"),
            Columns = ["source", "label", "mark", "sentence"],
            Scores = ["matthews", "accuracy"],
        },
        new ClassificationTask("mrpc", "mrpc sentence1: {#1 String} sentence2: {#2 String}",
            ("0", "not_equivalent"), ("1", "equivalent"))
        {
            FolderNames = Glue("MRPC"),
            LabelColumn = "Quality",
            Scores = ["f1", "accuracy"],
        },
        new ClassificationTask("rte", "rte sentence1: {sentence1} sentence2: {sentence2}",
            ("entailment", "entailment"), ("not_entailment", "not_entailment"))
        {
            FolderNames = Glue("RTE"),
        },
        new ClassificationTask("wnli", "wnli sentence1: {sentence1} sentence2: {sentence2}",
            ("0", "not_entailment"), ("1", "entailment"))
        {
            FolderNames = Glue("WNLI"),
        },
        new SimilarityTask("stsb", "stsb sentence1: {sentence1} sentence2: {sentence2}")
        {
            FolderNames = Glue("STS-B"),
            LabelColumn = "score",
        },

        new ClassificationTask("boolq", "boolq question: {question} passage: {passage}", ("false", "False"), ("true", "True"))
        {
            FolderNames = SuperGlue("BoolQ"),
        },
        new ClassificationTask("cb", "cb hypothesis: {hypothesis} premise: {premise}",
            ("entailment", "entailment"), ("contradiction", "contradiction"), ("neutral", "neutral"))
        {
            FolderNames = SuperGlue("CB"),
            Scores = ["f1_macro", "accuracy"],
        },
        new ClassificationTask("copa", "copa choice1: {choice1} choice2: {choice2} premise: {premise} question: {question}",
            ("0", "choice1"), ("1", "choice2"))
        {
            FolderNames = SuperGlue("COPA"),
        },
        new ClassificationTask("wic", "wic pos: sentence1: {sentence1} sentence2: {sentence2} word: {word}",
            ("false", "False"), ("true", "True"))
        {
            FolderNames = SuperGlue("WiC"),
        },
    ];

    /// <exception cref="ArgumentException">There is no task of that name; the message lists those there are.</exception>
    public static T5Task Find(string name) =>
        All.FirstOrDefault(task => task.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ??
        throw new ArgumentException($"There is no task '{name}'. The tasks are {string.Join(", ", All.Select(task => task.Name))}.");

    private static string[] Glue(string name) => [name, Path.Combine("glue", name)];

    private static string[] SuperGlue(string name) => [name, Path.Combine("superglue", name)];
}
