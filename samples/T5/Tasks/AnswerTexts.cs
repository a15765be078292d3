using SamSharp.Samples.T5.Files;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>The answers that data files give.</summary>
internal static class AnswerTexts
{
    /// <summary>An answer's text. An empty one would count every empty prediction as right.</summary>
    public static string Of(JsonField answer) =>
        answer.Text() is var text && !string.IsNullOrWhiteSpace(text) ? text : throw answer.Refused("is an empty answer. Remove it, or the row.");
}
