using SamSharp.Samples.T5.Tokenization;

namespace SamSharp.Samples.T5.Tests.Tokenization;

public sealed class SentencePieceFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<FileNotFoundException>(() => T5Tokenizer.Load("no/such/spiece.model"));
        Assert.Contains("no/such/spiece.model", error.Message);
    }

    [Theory]
    [InlineData("", "it has no pieces")]
    [InlineData("3C21444F43545950452068746D6C3E", "wire type 4 is unknown")] // <!DOCTYPE html>
    [InlineData("0A0B0A04", "a field reaches past the end")]
    [InlineData("18FFFFFFFFFFFFFFFFFFFF01", "a number is longer than ten bytes")]
    [InlineData("0A030A016112021802", "its model type is BPE")]
    [InlineData("0A030A0161", "its special ids lie outside its 1 pieces")] // eos is 2 unless the file says otherwise
    public void What_is_no_Unigram_model_is_refused_with_the_reason(string hex, string reason)
    {
        File.WriteAllBytes(_path, Convert.FromHexString(hex));
        var error = Assert.Throws<InvalidDataException>(() => T5Tokenizer.Load(_path));
        Assert.Contains(_path, error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void A_vocabulary_without_padding_is_refused_with_the_options_to_train_one()
    {
        File.WriteAllBytes(_path, Convert.FromHexString("0A030A01610A030A016212" + "03D00201"));
        var error = Assert.Throws<InvalidDataException>(() => T5Tokenizer.Load(_path));
        Assert.Contains("no id for padding", error.Message);
        Assert.Contains("--pad_id=0", error.Message);
    }

    [Fact]
    public void Pieces_kinds_and_settings_are_read()
    {
        // Pieces "a" (normal, score 0.5) and "<" (control); byte_fallback, unk 1, eos 0, pad 0; normalizer "nfkc".
        File.WriteAllBytes(_path, Convert.FromHexString(
            "0A080A0161" + "150000003F" + "0A050A013C1803" + "120C" + "980201C00201D00200D80200" + "1A06" + "0A046E666B63"));
        var file = SentencePieceFile.Load(_path);
        Assert.Equal([new("a", 0.5f, SentencePieceKind.Normal), new("<", 0, SentencePieceKind.Control)], file.Pieces);
        Assert.Equal((1, 0, 0, true, "nfkc"), (file.UnknownId, file.EosId, file.PadId, file.ByteFallback, file.Normalizer));
    }
}
