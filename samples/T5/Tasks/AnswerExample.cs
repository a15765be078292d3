namespace SamSharp.Samples.T5.Tasks;

/// <summary>A question with all answers that count as right.</summary>
public sealed record AnswerExample(string Input, string Target, IReadOnlyList<string> Answers) : TaskExample(Input, Target)
{
    /// <summary>The language, if the data set has several.</summary>
    public string? Language { get; init; }
}
