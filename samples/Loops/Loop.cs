namespace SamSharp.Samples.Loops;

/// <summary>A published loop.</summary>
/// <param name="Paper">Its paper.</param>
/// <param name="Run">Shows it: a small table and a sentence.</param>
internal sealed record Loop(string Paper, Action<TextWriter> Run)
{
    /// <summary>All loops, by verb.</summary>
    public static IReadOnlyDictionary<string, Loop> All { get; } = new Dictionary<string, Loop>
    {
        ["fedsam"] = new(FederatedSam.Paper, output => FederatedSam.Run(output, "FedSAM", FederatedSam.Sam)),
        ["fedasam"] = new(FederatedSam.Paper, output => FederatedSam.Run(output, "FedASAM", FederatedSam.Asam)),
        ["sharp-maml"] = new(SharpMaml.Paper, SharpMaml.Run),
        ["gap"] = new(Gap.Paper, Gap.Run),
        ["prune"] = new(Prune.Paper, Prune.Run),
        ["fhbi"] = new(Fhbi.Paper, Fhbi.Run),
        ["lets"] = new(Lets.Paper, Lets.Run),
        ["self-feedback"] = new(SelfFeedback.Paper, SelfFeedback.Run),
        ["jachess"] = new(JacHess.Paper, JacHess.Run),
    };
}
