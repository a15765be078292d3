namespace SamSharp.Samples.T5.Tasks;

/// <summary>The tasks by name, with T5's own prompts and label words.</summary>
/// <remarks>
/// Prompts and words: Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer" (2020),
/// appendix D, and the public T5 code (<c>t5/data/preprocessors.py</c>, <c>t5/data/glue_utils.py</c>), which decides where they differ.
/// </remarks>
public static class TaskCatalog
{
    /// <summary>The tasks in groups, each with its title.</summary>
    public static IReadOnlyList<(string Title, IReadOnlyList<T5Task> Tasks)> Groups { get; } =
    [
        ("Text classification", TextTasks.All),
        ("GLUE", GlueTasks.All),
        ("SuperGLUE", SuperGlueTasks.All),
        ("Question answering", QuestionTasks.All),
    ];

    /// <summary>All tasks.</summary>
    public static IReadOnlyList<T5Task> All { get; } = [.. Groups.SelectMany(group => group.Tasks)];

    /// <exception cref="ArgumentException">There is no task of that name; the message lists the known ones.</exception>
    public static T5Task Find(string name) =>
        All.FirstOrDefault(task => task.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ??
        throw new ArgumentException($"There is no task '{name}'. The tasks are {string.Join(", ", All.Select(task => task.Name))}.");

    /// <summary>The task <c>text</c> with your own prompt and words.</summary>
    /// <param name="prompt">The input, with columns in braces: <c>topic: {title} {body}</c>.</param>
    /// <param name="labels">The labels in the files, each with its word; empty: the labels are the words.</param>
    /// <param name="labelColumn">The column with the label.</param>
    public static T5Task Text(string prompt, IReadOnlyList<(string Label, string Word)> labels, string labelColumn = "label") =>
        TextTasks.Of(prompt, labels, labelColumn);
}
