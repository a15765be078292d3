using SamSharp.Samples.T5.Files;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Pretraining;

/// <summary>Plain text for pre-training: files of any line length, by the rule of <see cref="TextFile"/>.</summary>
public static class TextFiles
{
    /// <summary>The named files and all *.txt in the named folders, each once, in the order of their paths.</summary>
    /// <exception cref="FileNotFoundException">A path does not exist, or a folder has no text.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths)
        => [.. paths.SelectMany(FilesOf).Select(Path.GetFullPath).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// The ids of a whole file. No piece of a vocabulary crosses white space, so a wrapped paragraph has the same ids as on one line,
    /// and the lines can be encoded one by one.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">The vocabulary.</param>
    /// <param name="notice">Told what is odd about the text.</param>
    /// <exception cref="FormatException">It is no text.</exception>
    public static int[] Encode(string path, T5Tokenizer tokenizer, Action<string>? notice = null)
    {
        try
        {
            return [.. TextFile.Lines(path, notice).AsParallel().AsOrdered().SelectMany(line => tokenizer.Encode(line.Text))];
        }
        catch (AggregateException error)
        {
            throw error.InnerException!;
        }
    }

    private static string[] FilesOf(string path)
    {
        if (File.Exists(path))
            return [path];
        if (!Directory.Exists(path))
            throw new FileNotFoundException($"There is no text file or folder '{path}'.", path);
        var files = Directory.GetFiles(path, "*.txt", SearchOption.AllDirectories);
        return files.Length > 0 ? files : throw new FileNotFoundException($"The folder '{path}' has no *.txt file.", path);
    }
}
