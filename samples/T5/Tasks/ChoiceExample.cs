namespace SamSharp.Samples.T5.Tasks;

/// <summary>One candidate answer to a question.</summary>
/// <param name="Question">Identifies the question; its candidates share it.</param>
public sealed record ChoiceExample(string Input, string Target, string Question) : TaskExample(Input, Target);
