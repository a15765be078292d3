namespace SamSharp.Samples.T5.Generation;

/// <summary>The best finished hypotheses of one row.</summary>
internal sealed class BeamHypotheses(GenerationOptions options)
{
    private readonly List<(double Score, long[] Tokens)> _ended = [];

    /// <summary>Whether running hypotheses can no longer change the result.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The winner, without the start token.</summary>
    public long[] Best => _ended.MaxBy(hypothesis => hypothesis.Score).Tokens;

    /// <summary>Adds a hypothesis and drops the worst if there are too many.</summary>
    /// <param name="tokens">Without the start token, with the end token if it has one.</param>
    /// <param name="logProbability">Sum over all tokens.</param>
    public void Add(long[] tokens, double logProbability)
    {
        _ended.Add((Score(logProbability, tokens.Length), tokens));
        if (_ended.Count > options.NumBeams)
            _ended.Remove(_ended.MinBy(hypothesis => hypothesis.Score));
    }

    /// <summary>
    /// Decides whether to stop: enough hypotheses have finished, and the best running one would not beat the worst of them if it
    /// ended at this length.
    /// </summary>
    public void Update(double bestRunning, int length) =>
        IsDone |= _ended.Count >= options.NumBeams
            && (options.EarlyStopping || _ended.Min(hypothesis => hypothesis.Score) >= Score(bestRunning, length));

    private double Score(double logProbability, int length) => logProbability / Math.Pow(length, options.LengthPenalty);
}
