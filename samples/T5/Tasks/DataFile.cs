namespace SamSharp.Samples.T5.Tasks;

/// <summary>Finds the file of a split: GLUE's <c>dev.tsv</c>, SuperGLUE's <c>val.jsonl</c> and the like.</summary>
internal static class DataFile
{
    private static readonly string[] Extensions = [".tsv", ".jsonl"];

    /// <param name="folder">The data set's folder, or one that holds it.</param>
    /// <param name="usualNames">The folder's usual paths, such as <c>SST-2</c> and <c>glue/SST-2</c>.</param>
    /// <param name="split">Which part is wanted.</param>
    /// <param name="notice">Told when only a sample of the training set is there.</param>
    public static string Find(string folder, IReadOnlyList<string> usualNames, Split split, Action<string>? notice)
    {
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no data folder '{folder}'. Give the folder that holds the data set's files.");
        string[] stems = split switch
        {
            Split.Train => ["train"],
            Split.Validation => ["dev", "val", "validation"],
            _ => ["test"],
        };
        string[] folders = [folder, .. usualNames.Select(name => Path.Combine(folder, name))];
        if (First(folders, stems) is { } found)
            return found;
        if (split == Split.Train && First(folders, ["train32"]) is { } sample)
        {
            notice?.Invoke($"'{folder}' holds no whole training set; training on the 32 rows of '{sample}'.");
            return sample;
        }
        var wanted = stems.SelectMany(stem => Extensions.Select(extension => stem + extension));
        var alternatives = usualNames.Count == 0 ? "" : $", nor in its folder {string.Join(" or ", usualNames)}";
        throw new FileNotFoundException(
            $"There is no {string.Join(" or ", wanted)} in '{folder}'{alternatives}. Put the {split} split there under one of these names.");
    }

    private static string? First(string[] folders, string[] stems) =>
        (from folder in folders
         from stem in stems
         from extension in Extensions
         select Path.Combine(folder, stem + extension)).FirstOrDefault(File.Exists);
}
