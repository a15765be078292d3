using System.Text.Json;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Tests.Needs;
using Xunit.Abstractions;

namespace SamSharp.Samples.T5.Tests.Tokenization;

/// <summary>Ids and decoded texts of the reference implementation of SentencePiece.</summary>
public class TokenizerGoldenTests(ITestOutputHelper output)
{
    private const double RequiredRate = 0.98;

    [FactThatNeeds(What = Need.Data)]
    public void T5_encodes_and_decodes_as_the_reference_does()
    {
        var tokenizer = T5Tokenizer.Load(SharedData.Path("tokenizer", "spiece.model"));
        var rows = Rows("t5_tokenizer_golden.jsonl");
        Check(rows, row => tokenizer.Encode(Text(row)), ids => tokenizer.Decode(ids));
    }

    [FactThatNeeds(What = Need.Data)]
    public void Every_Unigram_model_encodes_and_decodes_as_the_reference_does()
    {
        var checkedModels = 0;
        foreach (var rows in Rows("small_models_golden.jsonl").GroupBy(row => row.GetProperty("model").GetString()!))
        {
            var path = SharedData.Path("tokenizer", rows.Key);
            if (rows.Key.Contains("bpe", StringComparison.Ordinal))
            {
                Assert.Contains("BPE", Assert.Throws<InvalidDataException>(() => SentencePieceFile.Load(path)).Message);
                continue;
            }
            output.WriteLine(rows.Key);
            var tokenizer = new UnigramTokenizer(SentencePieceFile.Load(path));
            Check([.. rows], row => tokenizer.Encode(Text(row)), tokenizer.Decode);
            checkedModels++;
        }
        Assert.NotEqual(0, checkedModels);
    }

    private void Check(List<JsonElement> rows, Func<JsonElement, IReadOnlyList<int>> encode, Func<int[], string> decode)
    {
        var (encoded, decoded) = (0, 0);
        foreach (var row in rows)
        {
            int[] ids = [.. row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            var text = row.GetProperty("decoded").GetString();
            var (actualIds, actualText) = (encode(row), decode(ids));
            if (ids.SequenceEqual(actualIds))
                encoded++;
            else
                output.WriteLine($"{row.GetProperty("text")}\n  {string.Join(' ', ids)}\n  {string.Join(' ', actualIds)}");
            if (text == actualText)
                decoded++;
            else
                output.WriteLine($"  decoded '{text}' as '{actualText}'");
        }
        output.WriteLine($"{encoded} encoded and {decoded} decoded exactly of {rows.Count}");
        Assert.InRange(encoded, RequiredRate * rows.Count, rows.Count);
        Assert.Equal(rows.Count, decoded);
    }

    private static string Text(JsonElement row) => row.GetProperty("text").GetString()!;

    private static List<JsonElement> Rows(string file) =>
        [.. File.ReadLines(SharedData.Path("tokenizer", file)).Select(line => JsonDocument.Parse(line).RootElement)];
}
