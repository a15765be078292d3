using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Tests.Tokenization;

/// <summary>With the bundled vocabulary: 1,000 pieces, padding 0, eos 1, unknown 2.</summary>
public class T5TokenizerTests
{
    private static readonly T5Tokenizer Tokenizer = T5Tokenizer.Load(Sentences.Vocabulary);

    [Fact]
    public void Special_ids_come_from_the_file_and_sentinels_count_down_from_the_end()
    {
        Assert.Equal((0, 1, 2), (Tokenizer.PadId, Tokenizer.EosId, Tokenizer.UnknownId));
        Assert.Equal(1100, Tokenizer.VocabularySize);
        Assert.Equal(1099, Tokenizer.SentinelId(0));
        Assert.Equal(1000, Tokenizer.SentinelId(99));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.SentinelId(100));
    }

    /// <summary>Ids of spm_encode 0.1.97.</summary>
    [Theory]
    [InlineData("")]
    [InlineData(" \t\n ")]
    [InlineData("positive", 7)]
    [InlineData("negative", 8)]
    [InlineData("sentiment: A wonderful, heart-warming café.",
        3, 6, 66, 419, 13, 491, 15, 147, 164, 112, 30, 29, 908, 4)]
    [InlineData("It is not good at all, 東京!", 106, 18, 38, 71, 56, 70, 13, 5, 2, 973)] // two unknown characters, one id
    [InlineData("ooo", 5, 296, 42)] // as good a cut as 5, 42, 296
    [InlineData("ooooooooooooooooo", 5, 296, 296, 296, 296, 296, 296, 296, 296, 42)]
    [InlineData("  It is\u3000no\u007Ft  good\tat all, \u0001東\u0002京!\u001F ", 106, 18, 38, 71, 56, 70, 13, 5, 2, 973)]
    public void Texts_are_encoded_as_the_reference_does(string text, params int[] ids) =>
        Assert.Equal(ids, Tokenizer.Encode(text));

    [Fact]
    public void Special_pieces_written_in_a_text_are_ordinary_text() =>
        Assert.DoesNotContain(Tokenizer.Encode("<pad> </s> <s> <extra_id_0>"),
            id => id == Tokenizer.PadId || id == Tokenizer.EosId || id == Tokenizer.SentinelId(0));

    [Fact]
    public void Half_a_surrogate_pair_is_the_replacement_character() => // which nmt_nfkc makes a space
        Assert.Equal(Tokenizer.Encode("It is"), Tokenizer.Encode("It\uD83Dis"));

    [Theory]
    [InlineData(6, new[] { 106, 18, 38, 71, 4, 1 })]
    [InlineData(5, new[] { 106, 18, 38, 71, 1 })]
    [InlineData(1, new[] { 1 })]
    public void Eos_is_last_even_where_the_text_is_cut(int maxLength, int[] ids) =>
        Assert.Equal(ids, Tokenizer.EncodeWithEos("It is not good.", maxLength));

    [Fact]
    public void There_is_always_room_for_eos() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.EncodeWithEos("It is not good.", 0));

    [Fact]
    public void Decoding_leaves_out_padding_and_eos() =>
        Assert.Equal("It is not good.", Tokenizer.Decode([0, 106, 18, 38, 71, 4, 1, 0, 0]));

    [Fact]
    public void Unknown_ids_and_a_models_spare_rows_decode_to_the_references_mark() =>
        Assert.Equal("It \u2047  is \u2047 ", Tokenizer.Decode([106, 2, 18, 1100]));

    [Fact]
    public void Sentinels_are_shown_on_request()
    {
        int[] ids = [1099, 106, 18, 1098, 38, 1];
        Assert.Equal("It is not", Tokenizer.Decode(ids));
        Assert.Equal("<extra_id_0> It is<extra_id_1> not", Tokenizer.Decode(ids, showSentinels: true));
    }

    [Fact]
    public void A_negative_id_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([106, -100]));

    [Fact]
    public void Every_bundled_sentence_survives_encoding_and_decoding()
    {
        foreach (var line in File.ReadLines(Path.Combine(Sentences.Folder, "train.tsv")).Skip(1))
        {
            var sentence = line.Split('\t')[0];
            Assert.Equal(sentence, Tokenizer.Decode(Tokenizer.EncodeWithEos(sentence, 512)));
        }
    }
}
