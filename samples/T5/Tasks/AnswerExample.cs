namespace SamSharp.Samples.T5.Tasks;

/// <summary>A question with every answer that counts as right.</summary>
public sealed record AnswerExample(string Input, string Target, IReadOnlyList<string> Answers) : TaskExample(Input, Target)
{
    /// <summary>The language, where a data set has several.</summary>
    public string? Language { get; init; }
}
