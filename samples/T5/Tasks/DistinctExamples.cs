namespace SamSharp.Samples.T5.Tasks;

/// <summary>Removes examples that would be trained on or scored twice: repeated inputs, and inputs with two different targets.</summary>
internal static class DistinctExamples
{
    /// <param name="examples">The examples, in order.</param>
    /// <param name="except">Inputs to remove as well: the test rows.</param>
    /// <param name="notice">Called if anything was removed.</param>
    public static IReadOnlyList<TaskExample> Of(IReadOnlyList<TaskExample> examples, IReadOnlySet<string> except, Action<string> notice)
    {
        var contradictions = examples.GroupBy(example => example.Input)
            .Where(group => group.Select(example => example.Target).Distinct().Count() > 1)
            .Select(group => group.Key).ToHashSet();
        List<TaskExample> kept =
        [
            .. examples.DistinctBy(example => example.Input)
                .Where(example => !contradictions.Contains(example.Input) && !except.Contains(example.Input)),
        ];
        if (kept.Count < examples.Count)
        {
            notice($"Left out {examples.Count - kept.Count} of {examples.Count} rows: repeated texts, texts with two labels" +
                (except.Count > 0 ? ", and texts that are also test rows." : "."));
        }
        return kept;
    }
}
