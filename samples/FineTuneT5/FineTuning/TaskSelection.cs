using SamSharp.Samples.FineTuneT5.Setup;
using SamSharp.Samples.T5.Tasks;

namespace SamSharp.Samples.FineTuneT5.FineTuning;

/// <summary>Finds the tasks of a request, and the words of the task <c>text</c>.</summary>
public static class TaskSelection
{
    private const string OwnTask = "text";

    /// <summary>The tasks of <c>cola,sst2,mrpc</c>.</summary>
    /// <exception cref="ArgumentException">A name is unknown or repeated, or an option does not apply to the task.</exception>
    public static IReadOnlyList<T5Task> Find(FineTuneRequest request)
    {
        var names = request.Task.Split(',', StringSplitOptions.TrimEntries);
        T5Task[] tasks = [.. names.Select(name => name == OwnTask ? Own(request) : TaskCatalog.Find(name))];
        if (tasks.GroupBy(task => task.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"--task names {twice.Key} twice.");
        if (!names.Contains(OwnTask) && (request.Prompt ?? request.LabelColumn) is not null)
            throw new ArgumentException($"--prompt and --label-column are for --task {OwnTask}: the other tasks have their own.");
        if (!names.Contains(OwnTask) && request.LabelWords.Count > 0)
            throw new ArgumentException($"--label-words is for --task {OwnTask}: the other tasks have their own.");
        if (request.Training.MixtureCap is not null && tasks.Length == 1)
            throw new ArgumentException("--mixture-cap is for several tasks: --task cola,sst2,mrpc.");
        if (request.Data is null && tasks.FirstOrDefault(task => task.Name != BundledData.Task) is { } other)
            throw new ArgumentException(
                $"--task {other.Name} needs --data, the folder of its files: the bundled data is for --task {BundledData.Task}.");
        return tasks;
    }

    private static T5Task Own(FineTuneRequest request)
    {
        (string Label, string Word)[] pairs = [.. request.LabelWords.Select(Pair)];
        RequireOnce(pairs.Select(pair => pair.Label));
        RequireOnce(pairs.Select(pair => pair.Word));
        return TaskCatalog.Text(request.Prompt ?? "classify: {sentence|text}", pairs, request.LabelColumn ?? "label");
    }

    private static void RequireOnce(IEnumerable<string> values)
    {
        if (values.GroupBy(value => value).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"--label-words has '{twice.Key}' twice: each label has one word of its own.");
    }

    private static (string Label, string Word) Pair(string text) => text.Split('=') is [{ Length: > 0 } label, { Length: > 0 } word]
        ? (label, word)
        : throw new ArgumentException($"--label-words has '{text}': give pairs of a label and its word, such as 0=negative,1=positive.");
}
