using SamSharp.Samples.T5.Pretraining;
using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Tests.Pretraining;

public sealed class TextFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_wrapped_paragraph_has_the_ids_of_the_joined_one()
    {
        var tokenizer = T5Tokenizer.Load(Sentences.Vocabulary);
        var joined = string.Join(' ', File.ReadLines(Path.Combine(Sentences.Folder, "dev.tsv")).Skip(1).Select(line => line.Split('\t')[0]).Take(50));
        var words = joined.Split(' ');
        // A byte order mark, CRLF, blank lines, lines of all lengths: as the novels have them.
        var wrapped = Write("wrapped.txt",
            "\uFEFF" + string.Concat(words.Select((word, i) => word + (i % 7 == 3 ? "\r\n" : i % 31 == 0 ? "\r\n\r\n" : " "))));
        Assert.True(File.ReadLines(wrapped).Count() > 50);
        Assert.Equal(tokenizer.Encode(joined), TextFiles.Encode(wrapped, tokenizer));
    }

    [Fact]
    public void Files_and_folders_are_found_once_and_in_order()
    {
        var (b, a) = (Write("texts/b.txt", "b"), Write("texts/deep/a.txt", "a"));
        Write("texts/c.md", "no text");
        var other = Write("other.text", "o");
        Assert.Equal([other, b, a], TextFiles.Find([Path.GetDirectoryName(b)!, a, other]));
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        Assert.Contains("'nowhere'", Assert.Throws<FileNotFoundException>(() => TextFiles.Find(["nowhere"])).Message, StringComparison.Ordinal);
        Assert.Contains("no *.txt", Assert.Throws<FileNotFoundException>(() => TextFiles.Find([_folder.Path])).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.Path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
