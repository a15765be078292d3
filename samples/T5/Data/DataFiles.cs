namespace SamSharp.Samples.T5.Data;

/// <summary>File names of a data set, and how its files are read.</summary>
/// <remarks>
/// Names have no extension and may contain a <c>*</c>. The first name that exists is used, and all files that match it are read in
/// the order of their names, for instance the shards of a parquet file, or one file per language.
/// </remarks>
public sealed record DataFiles
{
    private static readonly string[] Extensions = [".tsv", ".jsonl", ".json", ".csv", ".txt", ".label", ".parquet", "-*-of-*.parquet", ""];

    /// <summary>The usual paths of the data set's folder, such as <c>SST-2</c> and <c>glue/SST-2</c>.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    public IReadOnlyList<string> Train { get; init; } = ["train"];

    public IReadOnlyList<string> Validation { get; init; } = ["dev", "val", "validation"];

    public IReadOnlyList<string> Test { get; init; } = ["test"];

    /// <summary>Files, with extensions, that together make up a set without splits; all are required.</summary>
    public IReadOnlyList<string> Whole { get; init; } = [];

    /// <summary>Column names of tables without a header line; null if the first line names them.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Whether to skip lines with too few or too many fields, because the original files have some.</summary>
    public bool SkipsMalformed { get; init; }

    /// <summary>How a file is read; null: by its extension.</summary>
    public Func<string, Action<string>?, IEnumerable<DataRow>>? Reader { get; init; }

    /// <summary>The expected files, as shown to the user.</summary>
    public string Description => (Folders.Count > 0 ? $"{Folders[0]}: " : "") + (Whole.Count > 0
        ? string.Join(" + ", Whole)
        : $"{string.Join(" | ", Train)}, {string.Join(" | ", Validation)}");

    /// <summary>The files of a split; null if there are none.</summary>
    /// <param name="folder">The data set's folder, or its parent if it has its usual name there.</param>
    /// <param name="split">Which part; the whole set counts as the training part.</param>
    /// <param name="notice">Called when only a sample of the split is found.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    public IReadOnlyList<string>? Find(string folder, Split split, Action<string>? notice = null)
    {
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no data folder '{folder}'. Name the folder with the data set's files.");
        string[] folders = [folder, .. Folders.Select(name => Path.Combine(folder, name)).Where(Directory.Exists)];
        if (Whole.Count > 0)
        {
            return split == Split.Train
                ? folders.Select(candidate => Whole.Select(name => Path.Combine(candidate, name)).ToList())
                    .FirstOrDefault(paths => paths.TrueForAll(File.Exists))
                : null;
        }
        if (First(folders, Names(split)) is { } found)
            return Shards.Complete(found);
        string? sample = split switch { Split.Train => "train32", Split.Validation => "dev32", _ => null };
        if (sample is not null && First(folders, [sample]) is [var path])
        {
            notice?.Invoke($"'{folder}' has no complete {split} set; using the 32 rows of '{path}'.");
            return [path];
        }
        return null;
    }

    /// <summary>The exception to throw when <see cref="Find"/> returns null.</summary>
    public FileNotFoundException Missing(string folder, Split split)
    {
        var wanted = Whole.Count > 0
            ? string.Join(" and ", Whole)
            : $"{string.Join(" or ", Names(split))} (.tsv, .jsonl, .json, .csv, .txt or .parquet)";
        var alternatives = Folders.Count == 0 ? "" : $", nor in its folder {string.Join(" or ", Folders)}";
        return new($"There is no {wanted} in '{folder}'{alternatives}. Put the {split} split there under one of these names.");
    }

    /// <summary>The rows of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="skipped">Told of malformed lines that are left out.</param>
    /// <param name="notice">Told what is odd about the text.</param>
    public IEnumerable<DataRow> Read(string path, Action<string> skipped, Action<string>? notice = null)
    {
        if (Reader is not null)
            return Reader(path, notice);
        return Path.GetExtension(path) switch
        {
            ".tsv" => TsvFile.Read(path, Columns, notice, SkipsMalformed ? skipped : null),
            ".csv" => CsvFile.Read(path, Columns, notice),
            ".parquet" => ParquetFile.Read(path),
            _ => JsonFile.Read(path, notice),
        };
    }

    private IReadOnlyList<string> Names(Split split) => split switch
    {
        Split.Train => Train,
        Split.Validation => Validation,
        _ => Test,
    };

    private static string[]? First(string[] folders, IReadOnlyList<string> names) =>
        (from folder in folders
         from name in names
         from extension in Extensions
         let files = Directory.GetFiles(folder, name + extension).Order(StringComparer.Ordinal).ToArray()
         where files.Length > 0
         select files).FirstOrDefault();
}
