using System.Text;
using SamSharp.Samples.Encoders.Sources;
using SamSharp.Samples.Encoders.Tokenization;

namespace SamSharp.Samples.Encoders.Tests;

public class TokenizerTests
{
    private static readonly string[] Pieces =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cafe", "the", "un", "##aff", "##able", "a", "b", "c", "!", "Cafe"];

    [Fact]
    public void Accents_are_stripped_where_case_is()
    {
        Assert.Equal([2, 6, 5, 13, 3], Tokenizer(lowerCase: true).Encode("The CAFÉ!", null, 16));
        Assert.Equal([2, 1, 14, 3], Tokenizer(lowerCase: false).Encode("The Cafe", null, 16));
    }

    [Fact]
    public void Words_are_made_of_pieces() => Assert.Equal([2, 7, 8, 9, 3], Tokenizer().Encode("unaffable", null, 16));

    [Fact]
    public void The_longer_text_of_a_pair_is_cut()
    {
        Assert.Equal([2, 10, 11, 12, 3, 10, 3], Tokenizer().Encode("a b c", "a", 16));
        Assert.Equal([2, 10, 11, 3, 10, 3], Tokenizer().Encode("a b c", "a", 6));
        Assert.Equal([2, 10, 3, 10, 3], Tokenizer().Encode("a", "a b c", 5));
        Assert.Equal([2, 10, 11, 3], Tokenizer().Encode("a b c", null, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer().Encode("a", "b", 2));
    }

    [Fact]
    public void A_file_without_special_tokens_is_refused()
    {
        var error = Assert.Throws<InvalidDataException>(() => new WordPieceTokenizer("a\nb\n"u8.ToArray(), true, "here"));
        Assert.StartsWith("here is no vocabulary of BERT", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The ids that Hugging Face's tokenizer of bert-base-uncased gives.</summary>
    [SkippableFact]
    public void The_packaged_vocabulary_is_bert_s()
    {
        Skip.IfNot(PackagedModel.MiniLM.IsPresent, "The package was not restored.");
        var tokenizer = EncoderSource.Open("minilm").Tokenizer;
        Assert.Equal([101, 7592, 1010, 2088, 999, 102], tokenizer.Encode("Hello, world!", null, 16));
        Assert.Equal([101, 7668, 102, 7668, 102], tokenizer.Encode("Café", "cafe", 16));
        Assert.Equal([101, 14477, 20961, 3468, 102], tokenizer.Encode("unaffable", null, 16));
    }

    private static WordPieceTokenizer Tokenizer(bool lowerCase = true) =>
        new(Encoding.UTF8.GetBytes(string.Join('\n', Pieces) + "\n"), lowerCase, "test");

    [Fact]
    public void Rows_of_one_label_are_named() => Assert.Contains("have the label 'a'", Assert.Throws<ArgumentException>(
        () => ClassificationRows.Labels("sst2", [new("", "a") { Texts = ["x"] }])).Message, StringComparison.Ordinal);
}
