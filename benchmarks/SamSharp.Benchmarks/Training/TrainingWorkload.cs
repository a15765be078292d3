using SamSharp.Optimizers;
using SamSharp.Samples.T5.Model;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace SamSharp.Benchmarks.Training;

/// <summary>Whole training steps of T5-small with random weights: 32 rows of 64 source and 4 target tokens, dropout as in training.</summary>
internal sealed class TrainingWorkload : IDisposable
{
    private const int Rows = 32, SourceLength = 64, TargetLength = 4, Vocabulary = 32128;
    private const double LearningRate = 1e-5;

    private readonly Tensor[] _batch;
    private readonly Tensor[] _quarter;
    private readonly T5Model _model = new(T5Config.Named("small", Vocabulary));
    private readonly StraightforwardT5 _straightforward = new();
    private bool _casts;

    /// <param name="type">The type of the weights, and of all that is computed outside of autocast.</param>
    public TrainingWorkload(ScalarType type = ScalarType.Float32)
    {
        random.manual_seed(1);
        if (type != _model.Type) _model.to(type);
        _batch = [Tokens(SourceLength), ones(Rows, SourceLength, dtype: int64), Tokens(TargetLength)];
        _quarter = BatchSlice.Take(BatchSlice.Quarter, _batch);
        TorchAdamW = new(optim.AdamW(_model.parameters(), LearningRate));
        FusedAdamW = new(new FusedAdamW(_model.parameters(), LearningRate));
        Straightforward = optim.AdamW(_straightforward.parameters(), LearningRate);
    }

    /// <summary>SAM around TorchSharp's AdamW; its base steps alone in plain training.</summary>
    public SharpnessAwareOptimizer TorchAdamW { get; }

    /// <summary>SAM around the fused AdamW.</summary>
    public SharpnessAwareOptimizer FusedAdamW { get; }

    /// <summary>TorchSharp's AdamW for the straightforward model.</summary>
    public Optimizer Straightforward { get; }

    /// <summary>The same work with forward passes under autocast to bfloat16.</summary>
    public Action Autocasting(Action work) => () =>
    {
        _casts = true;
        work();
        _casts = false;
    };

    /// <summary>The same work as the samples' <c>--dtype mixed</c> has it: autocast for products, and the residual stream in bfloat16 too.</summary>
    public Action Mixed(Action work) => () =>
    {
        _model.ComputeType = ScalarType.BFloat16;
        work();
        _model.ComputeType = _model.Type;
    };

    /// <summary>The training loop of TorchSharp's documentation: zero_grad, backward, step.</summary>
    public void Plain(Optimizer optimizer) => Plain(optimizer, () => Pass(_batch));

    /// <summary>The same loop for the straightforward model.</summary>
    public void PlainStraightforward() => Plain(Straightforward, () => Backward(_straightforward.Loss(_batch[0], _batch[1], _batch[2])));

    /// <summary>SAM with the whole batch in both passes.</summary>
    public void Full(SharpnessAwareOptimizer optimizer) => optimizer.Step(() => Pass(_batch)).Dispose();

    /// <summary>SAM whose ascent sees the first quarter of the batch.</summary>
    public void Quarter(SharpnessAwareOptimizer optimizer) => optimizer.Step(() => Pass(_batch), ascent: () => Pass(_quarter)).Dispose();

    /// <summary>Forward and backward alone, to gradients that were null.</summary>
    public void WholePass() => PassAlone(_batch);

    /// <summary>The same for a quarter of the batch.</summary>
    public void QuarterPass() => PassAlone(_quarter);

    public void Dispose()
    {
        TorchAdamW.Dispose();
        FusedAdamW.Dispose();
        Straightforward.Dispose();
        _model.Dispose();
        _straightforward.Dispose();
        foreach (var tensor in _batch.Concat(_quarter)) tensor.Dispose();
    }

    private static void Plain(Optimizer optimizer, Func<Tensor> pass)
    {
        optimizer.zero_grad();
        pass().Dispose();
        optimizer.step();
    }

    private void PassAlone(Tensor[] batch)
    {
        TorchAdamW.zero_grad();
        Pass(batch).Dispose();
    }

    private Tensor Pass(Tensor[] batch) => Backward(Loss(batch));

    private Tensor Loss(Tensor[] batch)
    {
        using var scope = _casts ? Autocast.BFloat16(CPU) : null;
        return _model.Loss(batch[0], batch[1], batch[2]);
    }

    private static Tensor Backward(Tensor loss)
    {
        loss.backward();
        return loss;
    }

    private static Tensor Tokens(int length) => randint(2, Vocabulary - 100, [Rows, length], int64);
}
