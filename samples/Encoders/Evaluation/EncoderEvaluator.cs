using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Evaluation;

/// <summary>Measures a classifier on held-out rows: the task's own scores, loss and calibration.</summary>
public sealed class EncoderEvaluator
{
    private readonly T5Task _task;
    private readonly IReadOnlyList<TaskExample> _examples;
    private readonly IReadOnlyList<string> _labels;
    private readonly IReadOnlyList<EncodedExample> _rows;
    private readonly int[] _byLength;
    private readonly int _padId;
    private readonly int _batchSize;

    /// <param name="labels">What the classifier tells apart, in its order.</param>
    public EncoderEvaluator(
        T5Task task, IReadOnlyList<TaskExample> examples, IReadOnlyList<string> labels, WordPieceTokenizer tokenizer, int maxLength, int batchSize)
    {
        (_task, _examples, _labels, _padId, _batchSize) = (task, examples, labels, tokenizer.PadId, batchSize);
        _rows = ClassificationRows.Encode(examples, labels, tokenizer, maxLength);
        // Rows of like length share a batch, so little of it is padding.
        _byLength = [.. Enumerable.Range(0, _rows.Count).OrderBy(row => _rows[row].Source.Length)];
    }

    /// <summary>The task's scores, <c>loss</c>, <c>ece</c> and <c>brier</c>. Leaves the model in evaluation mode.</summary>
    public IReadOnlyDictionary<string, double> Evaluate(EncoderModel model)
    {
        model.eval();
        var probabilities = Probabilities(model);
        var best = probabilities.Select(row => Array.IndexOf(row, row.Max())).ToArray();
        var known = Enumerable.Range(0, _rows.Count).Where(row => _rows[row].Target[0] >= 0).ToList();
        return new Dictionary<string, double>(_task.Evaluate([.. best.Select(label => _labels[label])], _examples))
        {
            ["loss"] = known.Average(row => -Math.Log(Math.Max(probabilities[row][_rows[row].Target[0]], double.Epsilon))),
            ["ece"] = Calibration.ExpectedError([.. known.Select(row => probabilities[row][best[row]])],
                [.. known.Select(row => best[row] == _rows[row].Target[0])]),
            ["brier"] = known.Average(row => Calibration.Brier(probabilities[row], _rows[row].Target[0])),
        };
    }

    // In float64, so that the loss of a sure and wrong row is right.
    private double[][] Probabilities(EncoderModel model)
    {
        using var gradientFree = no_grad();
        var all = new double[_rows.Count][];
        foreach (var part in _byLength.Chunk(2 * _batchSize))
        {
            using var scope = NewDisposeScope();
            var batch = Batch.Collate([.. part.Select(row => _rows[row])], _padId, model.Device);
            var scores = model.Classify(batch.InputIds, batch.AttentionMask).to(float64).softmax(1).cpu();
            var values = scores.data<double>().ToArray();
            foreach (var (i, row) in part.Index())
                all[row] = values[(i * _labels.Count)..((i + 1) * _labels.Count)];
        }
        return all;
    }
}
