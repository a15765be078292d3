using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Pretraining;

/// <summary>Plain text for pre-training: UTF-8 files of any line length.</summary>
public static class TextFiles
{
    /// <summary>The files that are named, and all *.txt below the folders that are, each once, in the order of their paths.</summary>
    /// <exception cref="FileNotFoundException">A path does not exist, or a folder holds no text.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> paths)
        => [.. paths.SelectMany(FilesOf).Select(Path.GetFullPath).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>
    /// The ids of a whole file. No piece of a vocabulary crosses white space, so a paragraph that is wrapped into lines has the ids of
    /// the same paragraph on one line, and the lines may be encoded one by one.
    /// </summary>
    public static int[] Encode(string path, T5Tokenizer tokenizer)
        => [.. File.ReadLines(path).AsParallel().AsOrdered().SelectMany(tokenizer.Encode)];

    private static string[] FilesOf(string path)
    {
        if (File.Exists(path))
            return [path];
        if (!Directory.Exists(path))
            throw new FileNotFoundException($"There is no text file or folder '{path}'.", path);
        var files = Directory.GetFiles(path, "*.txt", SearchOption.AllDirectories);
        return files.Length > 0 ? files : throw new FileNotFoundException($"The folder '{path}' holds no *.txt file.", path);
    }
}
