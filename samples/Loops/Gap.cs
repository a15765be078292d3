using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>GAP: after training, a few steps of gradient ascent on the language-modeling loss of some random text.</summary>
/// <remarks>To go on between two ascents, keep the weights and the state of <see cref="FusedAdam"/>.</remarks>
[InDisposeScope]
internal static class Gap
{
    public const string Paper = "GAP: Yoon, Jang, Kim, Kim, Seo, \"Gradient Ascent Post-training Enhances Language Model Generalization\", 2023";

    /// <summary>The authors ascend 7 or 8 times on one text.</summary>
    private const int Passes = 8;

    // The authors' rate is 5e-5; a model of some thousand weights needs a larger one to move at all.
    private const double Rate = 2e-3;

    private const int Context = 3, Width = 12, Hidden = 32;

    private const string Training = "the cat sat on the mat and the dog sat on the log while the rain fell on the old stone road to the sea " +
        "and the man in the red coat read the news to the cat and then the dog ran to the door and the rain ran down the road";

    private const string HeldOut = "the man sat on the stone and the cat ran to the sea while the dog read the news";
    private const string Random = "rose madder stone under a trodden moor heard on";

    public static void Run(TextWriter output)
    {
        var weights = Create(seed: 1);
        using (var optimizer = new FusedAdam(weights, 5e-3))
        {
            for (var step = 0; step < 150; step++)
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                Loss(weights, Training).backward();
                optimizer.step();
            }
        }
        var rows = new List<string[]>();
        void Report(int pass) =>
            rows.Add([$"{pass}", .. new[] { Random, HeldOut, Training }.Select(text => $"{Loss(weights, text).ReadDouble():F3}")]);
        Report(0);
        Ascend(weights, () => Loss(weights, Random), Passes, Rate, Report);
        Table.Write(output, ["ascents", "loss of the random text", "held-out text", "training text"], rows);
        output.WriteLine($"{Passes} ascents raise the loss of the random text from {rows[0][1]} to {rows[^1][1]}, and the held-out text's from " +
            $"{rows[0][2]} to {rows[^1][2]}: what the paper reports for models of 350 M weights and more is not to be expected of one this small.");
    }

    /// <summary>Adam uphill: the loss times -1 is minimized.</summary>
    /// <param name="weights">The trained weights.</param>
    /// <param name="loss">The loss of the text.</param>
    /// <param name="passes">How often.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="after">Called after each pass.</param>
    public static void Ascend(IEnumerable<Parameter> weights, Func<Tensor> loss, int passes, double rate, Action<int>? after = null)
    {
        using var optimizer = new FusedAdam(weights, rate, maximize: true);
        for (var pass = 1; pass <= passes; pass++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            loss().backward();
            optimizer.step();
            after?.Invoke(pass);
        }
    }

    /// <summary>A model of the next letter, given three: an embedding, and <see cref="SmallNetwork"/> on the three vectors.</summary>
    public static Parameter[] Create(ulong seed)
    {
        using var generator = new Generator(seed);
        return [new Parameter(randn([27, Width], float64, generator: generator)), .. SmallNetwork.Create(Context * Width, Hidden, 27, seed)];
    }

    /// <summary>The mean cross-entropy of each letter after the first three.</summary>
    public static Tensor Loss(IReadOnlyList<Parameter> weights, string text)
    {
        var ids = tensor(text.Select(letter => letter == ' ' ? 26L : letter - 'a').ToArray());
        var count = ids.shape[0] - Context;
        var vectors = weights[0].index_select(0, ids);
        var inputs = cat([.. Enumerable.Range(0, Context).Select(i => vectors.narrow(0, i, count))], 1);
        return SmallNetwork.Loss([.. weights.Skip(1)], inputs, ids.narrow(0, Context, count));
    }
}
