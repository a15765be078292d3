using System.Text;
using static TorchSharp.torch;

namespace SamSharp.Benchmarks.Rounding;

/// <summary>A text of simple sentences, made from a seed, so that the figures need no data.</summary>
internal sealed class ByteText
{
    public const int Context = 16;
    private const int Rows = 64, Sentences = 4000;

    private static readonly string[] Subjects = ["the old boat", "a gray cat", "my brother", "the last train", "her small garden", "every teacher"];
    private static readonly string[] Verbs = ["waits for", "remembers", "never sees", "crosses", "looks after", "paints"];
    private static readonly string[] Objects = ["the river", "an empty house", "two red apples", "the north wind", "a quiet road", "the harbor"];
    private static readonly string[] Ends = [" in the morning", " again", " without a word", "", " before the rain", " with care"];

    private readonly byte[] _text;

    public ByteText()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Sentences; i++)
        {
            string Word(string[] words, int place) => words[(int)(CounterRandom.Uniform(7, i, place) * words.Length)];
            text.Append(Word(Subjects, 0)).Append(' ').Append(Word(Verbs, 1)).Append(' ').Append(Word(Objects, 2)).Append(Word(Ends, 3)).Append(". ");
        }
        _text = Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>Rows of bytes, int64 [rows, context], and the byte after each.</summary>
    public (Tensor Context, Tensor Next) Batch(int step)
    {
        var (context, next) = (new long[Rows * Context], new long[Rows]);
        for (var row = 0; row < Rows; row++)
        {
            var start = (int)(CounterRandom.Uniform(3, step, row) * (_text.Length - Context));
            for (var i = 0; i < Context; i++) context[(row * Context) + i] = _text[start + i];
            next[row] = _text[start + Context];
        }
        return (tensor(context, [Rows, Context]), tensor(next));
    }
}
