namespace SamSharp.Samples.T5.Tasks;

/// <summary>Cleans examples of what would train or be scored twice: repeated inputs, and inputs with two different targets.</summary>
internal static class DistinctExamples
{
    /// <param name="examples">The examples, in order.</param>
    /// <param name="except">Inputs that are left out too: those of the test rows.</param>
    /// <param name="notice">Told what was left out, if anything was.</param>
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
            notice($"{examples.Count - kept.Count} of {examples.Count} rows are left out: repeated texts, texts with two labels" +
                (except.Count > 0 ? ", and texts that are test rows too." : "."));
        }
        return kept;
    }
}
