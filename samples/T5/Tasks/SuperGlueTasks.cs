using SamSharp.Samples.T5.Data;
using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>SuperGLUE (Wang et al., 2019), version 2 of its data, in its original files or the hub's, with the benchmark's scores.</summary>
internal static class SuperGlueTasks
{
    private static readonly (string, string)[] Truth = [("false|0|False", "False"), ("true|1|True", "True")];

    public static IReadOnlyList<T5Task> All { get; } =
    [
        new ClassificationTask("boolq", "boolq question: {question} passage: {passage}", Truth) { Files = Of("BoolQ") },
        new ClassificationTask("cb", "cb hypothesis: {hypothesis} premise: {premise}",
            ("entailment|0", "entailment"), ("contradiction|1", "contradiction"), ("neutral|2", "neutral"))
        {
            Files = Of("CB"),
            Scores = [ClassificationScore.MacroF1, ClassificationScore.Accuracy],
        },
        new ClassificationTask("copa", "copa choice1: {choice1} choice2: {choice2} premise: {premise} question: {question}",
            ("0", "choice1"), ("1", "choice2"))
        {
            Files = Of("COPA"),
        },
        new MultiRcTask { Files = Of("MultiRC") },
        new RecordTask { Files = Of("ReCoRD") },
        // The same data as GLUE's RTE with other column names, which are part of T5's prompt.
        new ClassificationTask("superglue-rte", "rte hypothesis: {hypothesis} premise: {premise}",
            ("not_entailment|1", "not_entailment"), ("entailment|0", "entailment"))
        {
            Files = Of("RTE") with { Folders = ["superglue/RTE", "superglue/rte", "super_glue/rte", "RTE", "rte"] },
        },
        new ClassificationTask("wic", "wic sentence1: {sentence1} sentence2: {sentence2} word: {word}", Truth) { Files = Of("WiC") },
        new WscTask { Files = Of("WSC") with { Folders = ["WSC", "superglue/WSC", "wsc.fixed", "super_glue/wsc.fixed", "wsc", "super_glue/wsc"] } },
    ];

    private static DataFiles Of(string name) => new()
    {
        Folders =
        [
            name, $"superglue/{name}", name.ToLowerInvariant(), $"super_glue/{name.ToLowerInvariant()}", $"superglue/{name.ToLowerInvariant()}",
        ],
    };
}
