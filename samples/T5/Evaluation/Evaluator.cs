using SamSharp.Samples.T5.Generation;
using SamSharp.Samples.T5.Model;
using SamSharp.Samples.T5.Monitoring;
using SamSharp.Samples.T5.Sampling;
using SamSharp.Samples.T5.Tasks;
using SamSharp.Samples.T5.Tokenization;
using SamSharp.Samples.T5.Training;
using static TorchSharp.torch;

namespace SamSharp.Samples.T5.Evaluation;

/// <summary>Measures a model on held-out rows: the model generates text, and the task scores it against the targets.</summary>
public sealed class Evaluator
{
    /// <summary>Evaluation keeps no gradients, so more rows fit into memory than in a training step.</summary>
    private const int Larger = 2;

    private readonly T5Tokenizer _tokenizer;
    private readonly T5Task _task;
    private readonly IReadOnlyList<TaskExample> _examples;
    private readonly IReadOnlyList<EncodedExample> _rows;
    private readonly int[] _byLength;
    private readonly TrainingOptions _options;

    public Evaluator(T5Task task, IReadOnlyList<TaskExample> examples, T5Tokenizer tokenizer, TrainingOptions options)
    {
        (_task, _examples, _tokenizer, _options) = (task, examples, tokenizer, options);
        _rows = options.Encode(examples, tokenizer);
        // Sorting by length keeps padding low.
        _byLength = [.. Enumerable.Range(0, _rows.Count).OrderBy(row => _rows[row].Source.Length)];
    }

    /// <summary>The number of batches.</summary>
    public int Batches => (_rows.Count + BatchSize - 1) / BatchSize;

    private int BatchSize => Larger * _options.BatchSize;

    /// <summary>Switches the model to evaluation mode.</summary>
    /// <param name="model">The model.</param>
    /// <param name="measuring">Told of each batch.</param>
    public EvaluationResult Evaluate(T5Model model, Measuring? measuring = null)
    {
        model.eval();
        using var gradientFree = no_grad();
        var predictions = new string[_rows.Count];
        var (loss, labels) = (0.0, 0L);
        foreach (var part in _byLength.Chunk(BatchSize))
        {
            measuring?.NextBatch();
            using var scope = NewDisposeScope();
            using var batch = Batch.Collate([.. part.Select(row => _rows[row])], _tokenizer.PadId, model.Device);
            var count = part.Sum(row => (long)_rows[row].Target.Length);
            var encoded = model.Encode(batch.InputIds, batch.AttentionMask);
            loss += count * model.LossFrom(encoded, batch.AttentionMask, batch.Labels).to(ScalarType.Float64).item<double>();
            labels += count;
            var generated = model.GenerateFrom(encoded, batch.AttentionMask, new GenerationOptions { MaxNewTokens = _options.MaxTargetLength });
            var width = (int)generated.shape[1];
            var ids = generated.cpu().data<long>().ToArray();
            for (var i = 0; i < part.Length; i++)
                predictions[part[i]] = _tokenizer.DecodeGenerated(ids.AsSpan(i * width, width).ToArray().Select(id => (int)id));
        }
        return new EvaluationResult(loss / labels, _task.Evaluate(predictions, _examples), predictions);
    }
}
