using SamSharp.Samples.Encoders.Model;
using SamSharp.Samples.Encoders.Tokenization;
using SamSharp.Samples.T5.Evaluation;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using static TorchSharp.torch;

namespace SamSharp.Samples.Encoders.Evaluation;

/// <summary>Measures a classifier on held-out rows: the task's own scores, loss, calibration, and the predicted labels.</summary>
public sealed class EncoderEvaluator
{
    private readonly T5Task _task;
    private readonly IReadOnlyList<TaskExample> _examples;
    private readonly IReadOnlyList<string> _labels;
    private readonly Rows _rows;
    private readonly Rows? _calibration;
    private readonly int _padId;
    private readonly int _batchSize;

    /// <param name="labels">What the classifier tells apart, in its order.</param>
    /// <param name="calibration">Rows to fit a temperature on; null fits none.</param>
    public EncoderEvaluator(
        T5Task task, IReadOnlyList<TaskExample> examples, IReadOnlyList<string> labels, WordPieceTokenizer tokenizer, int maxLength, int batchSize,
        IReadOnlyList<TaskExample>? calibration = null)
    {
        (_task, _examples, _labels, _padId, _batchSize) = (task, examples, labels, tokenizer.PadId, batchSize);
        _rows = new(ClassificationRows.Encode(examples, labels, tokenizer, maxLength));
        _calibration = calibration is null ? null : new(ClassificationRows.Encode(calibration, labels, tokenizer, maxLength));
    }

    /// <summary>
    /// The task's scores, <c>loss</c>, <c>ece</c> and <c>brier</c>; with calibration rows also <c>temperature</c>, and loss and calibration
    /// error at it, <c>loss-t</c> and <c>ece-t</c>. Leaves the model in evaluation mode.
    /// </summary>
    /// <param name="model">The classifier.</param>
    /// <param name="measuring">Told of each batch.</param>
    public HeldOutScores Evaluate(EncoderModel model, Measuring? measuring = null)
    {
        model.eval();
        var all = LogProbabilities(model, _rows, measuring);
        var best = all.Select(row => Array.IndexOf(row, row.Max())).ToArray();
        var known = _rows.Known;
        int[] labels = [.. known.Select(_rows.LabelOf)];
        double[][] rows = [.. known.Select(row => all[row])];
        bool[] right = [.. known.Select(row => best[row] == _rows.LabelOf(row))];
        var values = new Dictionary<string, double>(_task.Evaluate([.. best.Select(label => _labels[label])], _examples))
        {
            ["loss"] = Loss(rows, labels),
            ["ece"] = CalibrationError(rows, right),
            ["brier"] = rows.Zip(labels).Average(row => Calibration.Brier([.. row.First.Select(Math.Exp)], row.Second)),
        };
        if (_calibration is { Known.Count: > 0 } calibration)
        {
            var fitting = LogProbabilities(model, calibration, measuring);
            var temperature = Temperature.Fit([.. calibration.Known.Select(row => fitting[row])], [.. calibration.Known.Select(calibration.LabelOf)]);
            double[][] scaled = [.. rows.Select(row => Temperature.Scaled(row, temperature))];
            values["temperature"] = temperature;
            values["loss-t"] = Loss(scaled, labels);
            values["ece-t"] = CalibrationError(scaled, right);
        }
        return new(values, PredictedLabels.Write(best, [.. best.Select((label, row) => label == _rows.LabelOf(row))]));
    }

    private static double Loss(double[][] rows, int[] labels) => rows.Zip(labels).Average(row => -row.First[row.Second]);

    private static double CalibrationError(double[][] rows, bool[] right) =>
        Calibration.ExpectedError([.. rows.Select(row => Math.Exp(row.Max()))], right);

    // In float64, so that the loss of a sure and wrong row is right.
    private double[][] LogProbabilities(EncoderModel model, Rows rows, Measuring? measuring)
    {
        var batches = rows.ByLength.Chunk(2 * _batchSize).ToList();
        measuring?.Begin("scores", batches.Count);
        using var gradientFree = no_grad();
        var all = new double[rows.All.Count][];
        foreach (var part in batches)
        {
            measuring?.NextBatch();
            using var scope = NewDisposeScope();
            var batch = Batch.Collate([.. part.Select(row => rows.All[row])], _padId, model.Device);
            var scores = model.Classify(batch.InputIds, batch.AttentionMask).to(float64).log_softmax(1).cpu();
            var values = scores.data<double>().ToArray();
            foreach (var (i, row) in part.Index())
                all[row] = values[(i * _labels.Count)..((i + 1) * _labels.Count)];
        }
        return all;
    }

    private sealed record Rows(IReadOnlyList<EncodedExample> All)
    {
        // Rows of like length share a batch, so little of it is padding.
        public IReadOnlyList<int> ByLength { get; } = [.. Enumerable.Range(0, All.Count).OrderBy(row => All[row].Source.Length)];

        // Rows whose label the classifier knows.
        public IReadOnlyList<int> Known { get; } = [.. Enumerable.Range(0, All.Count).Where(row => All[row].Target[0] >= 0)];

        public int LabelOf(int row) => All[row].Target[0];
    }
}
