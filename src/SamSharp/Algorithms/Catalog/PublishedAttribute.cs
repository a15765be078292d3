namespace SamSharp;

/// <summary>What a recipe is called and costs, as its row of ALGORITHMS.md says.</summary>
/// <param name="title">The name in tables.</param>
/// <param name="source">Who published it, and when.</param>
/// <param name="passes">Passes beyond the base optimizer's one.</param>
/// <param name="memory">Copies of the perturbed parameters at the peak.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PublishedAttribute(string title, string source, string passes = "1", string memory = "1") : Attribute
{
    public string Title => title;

    public string Source => source;

    public string Passes => passes;

    public string Memory => memory;
}
