using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>
/// GLUE (Wang et al., 2018) in its original files or the hub's, with the benchmark's scores. Labels: the original name, then the
/// hub's number.
/// </summary>
internal static class GlueTasks
{
    private static readonly (string, string)[] Entailment = [("not_entailment|1", "not_entailment"), ("entailment|0", "entailment")];

    private static readonly (string, string)[] Inference =
        [("entailment|0", "entailment"), ("neutral|1", "neutral"), ("contradiction|2", "contradiction")];

    public static IReadOnlyList<T5Task> All { get; } =
    [
        new ClassificationTask("cola", "cola sentence: {sentence}", ("0", "unacceptable"), ("1", "acceptable"))
        {
            Files = Of("CoLA") with { Columns = ["source", "label", "mark", "sentence"] },
            Scores = [ClassificationScore.Matthews, ClassificationScore.Accuracy],
        },
        new ClassificationTask("sst2", "sst2 sentence: {sentence}", ("0", "negative"), ("1", "positive"))
        {
            Files = Of("SST-2", "sst2"),
        },
        new ClassificationTask("mrpc", "mrpc sentence1: {#1 String|sentence1} sentence2: {#2 String|sentence2}",
            ("0", "not_equivalent"), ("1", "equivalent"))
        {
            Files = Of("MRPC"),
            LabelColumn = "Quality|label",
            Scores = [ClassificationScore.F1, ClassificationScore.Accuracy],
        },
        new SimilarityTask("stsb", "stsb sentence1: {sentence1} sentence2: {sentence2}")
        {
            Files = Of("STS-B", "stsb"),
            LabelColumn = "score|label",
        },
        new ClassificationTask("qqp", "qqp question1: {question1} question2: {question2}", ("0", "not_duplicate"), ("1", "duplicate"))
        {
            // A few lines of the original are truncated.
            Files = Of("QQP") with { SkipsMalformed = true },
            LabelColumn = "is_duplicate|label",
            Scores = [ClassificationScore.F1, ClassificationScore.Accuracy],
        },
        Mnli("mnli", "matched"),
        Mnli("mnli-mismatched", "mismatched"),
        new ClassificationTask("qnli", "qnli question: {question} sentence: {sentence}", Entailment) { Files = Of("QNLI") },
        new ClassificationTask("rte", "rte sentence1: {sentence1} sentence2: {sentence2}", Entailment) { Files = Of("RTE") },
        new ClassificationTask("wnli", "wnli sentence1: {sentence1} sentence2: {sentence2}", ("0", "not_entailment"), ("1", "entailment"))
        {
            Files = Of("WNLI"),
        },
    ];

    private static ClassificationTask Mnli(string name, string validation) =>
        new(name, "mnli hypothesis: {hypothesis|sentence2} premise: {premise|sentence1}", Inference)
        {
            Files = Of("MNLI") with { Validation = [$"dev_{validation}", $"validation_{validation}"] },
            LabelColumn = "gold_label|label",
        };

    private static DataFiles Of(params string[] names) => new()
    {
        Folders = [.. names.Append(names[0].ToLowerInvariant()).Distinct().SelectMany(name => new[] { name, $"glue/{name}" })],
    };
}
