namespace SamSharp.Samples.T5.Tasks;

/// <summary>One of the answers to judge of a question.</summary>
/// <param name="Question">What the answers to one question share.</param>
public sealed record ChoiceExample(string Input, string Target, string Question) : TaskExample(Input, Target);
