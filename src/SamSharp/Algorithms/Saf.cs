using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The logits of every training example in the last epochs, for SAF's <see cref="Losses.Trajectory"/>. Holds examples x (epochs + 1) x classes numbers, which a language model's vocabulary
/// rules out; the device is that of the first logits. Save it with a checkpoint, or the term is 0 again for some epochs.
/// </summary>
/// <example><code>
/// var logits = model.call(x);
/// var loss = cross_entropy(logits, y).Plus(Losses.Trajectory(logits, history.Recall(epoch, indices, logits)));
/// history.Store(epoch, indices, logits);
/// </code></example>
/// <param name="examples">The number of training examples.</param>
/// <param name="epochs">How many epochs back to look. Default 3 (AngusDujw/SAF).</param>
public sealed class LogitHistory(long examples, int epochs = 3) : IDisposable
{
    private readonly long _examples = examples > 0 ? examples : throw new ArgumentOutOfRangeException(nameof(examples), examples, "There must be at least one example.");
    private readonly int _epochs = Check.Positive(epochs);
    private Tensor? _logits, _storedIn;

    /// <summary>Logits of examples some epochs ago. Where there are none, for an example that was not stored then too, the current ones, whose term is 0.</summary>
    /// <param name="epoch">The number of the present epoch, from 0.</param>
    /// <param name="indices">[batch]: the examples' numbers, int64, from 0.</param>
    /// <param name="current">[batch, classes]: the present logits.</param>
    /// <returns>[batch, classes], without history.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit one another, or what is stored.</exception>
    public Tensor Recall(int epoch, Tensor indices, Tensor current)
    {
        Require(epoch, indices, current);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (_logits is null || epoch < _epochs) return current.detach().MoveToOuterDisposeScope();
        var (then, rows) = (epoch - _epochs, indices.to(_logits.device));
        var known = _storedIn![Place(then)].index_select(0, rows).IsEqualTo(then).unsqueeze(1);
        var earlier = _logits[Place(then)].index_select(0, rows);
        return where(known, earlier, current.detach().to(earlier.dtype, earlier.device)).to(current.dtype, current.device).MoveToOuterDisposeScope();
    }

    /// <summary>Remembers the logits of examples in an epoch.</summary>
    /// <param name="epoch">The number of the present epoch, from 0.</param>
    /// <param name="indices">[batch]: the examples' numbers, int64, from 0.</param>
    /// <param name="current">[batch, classes]: the present logits.</param>
    /// <exception cref="ArgumentException">The shapes do not fit one another, or what is stored.</exception>
    public void Store(int epoch, Tensor indices, Tensor current)
    {
        Require(epoch, indices, current);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        _logits ??= zeros([_epochs + 1, _examples, current.shape[1]], current.dtype, current.device).DetachFromDisposeScope();
        _storedIn ??= ScalarArithmetic.Full([_epochs + 1, _examples], -1, ScalarType.Int64, current.device).DetachFromDisposeScope();
        var rows = indices.to(_logits.device);
        _logits[Place(epoch)].index_copy_(0, rows, current.detach().to(_logits.dtype, _logits.device));
        _storedIn[Place(epoch)].FillAt(0, rows, epoch);
    }

    /// <summary>What is stored, to be saved; clones, the caller's. Empty before the first <see cref="Store"/>.</summary>
    public IReadOnlyDictionary<string, Tensor> StateDictionary() => _logits is null
        ? new Dictionary<string, Tensor>()
        : new Dictionary<string, Tensor> { ["logits"] = _logits.clone(), ["storedIn"] = _storedIn!.clone() };

    /// <summary>Goes on from what was saved.</summary>
    /// <param name="state">What <see cref="StateDictionary"/> gave.</param>
    /// <exception cref="ArgumentException">It is of another number of examples or epochs.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.TryGetValue("logits", out var logits);
        state.TryGetValue("storedIn", out var storedIn);
        if (logits is null != storedIn is null || (logits is not null && (logits.dim() != 3 || logits.shape[0] != _epochs + 1 || logits.shape[1] != _examples || !storedIn!.shape.AsSpan().SequenceEqual(logits.shape.AsSpan(0, 2)))))
            throw new ArgumentException($"The saved history has logits of shape [{string.Join(", ", logits?.shape ?? [])}]; [{_epochs + 1}, {_examples}, classes] is expected, with the epochs they were stored in.", nameof(state));
        Dispose();
        (_logits, _storedIn) = (logits?.clone().DetachFromDisposeScope(), storedIn?.clone().DetachFromDisposeScope());
    }

    /// <summary>Forgets everything, and frees it.</summary>
    public void Dispose()
    {
        _logits?.Dispose();
        _storedIn?.Dispose();
        _logits = _storedIn = null;
    }

    private int Place(int epoch) => epoch % (_epochs + 1);

    private void Require(int epoch, Tensor indices, Tensor current)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentNullException.ThrowIfNull(indices);
        ClassScores.RequireFit(current, indices);
        if (_logits is not null && current.shape[1] != _logits.shape[2])
            throw new ArgumentException($"The logits have {current.shape[1]} classes, those stored {_logits.shape[2]}.", nameof(current));
    }
}

/// <summary>
/// The term that SAF and MESA add to the training loss in place of an ascent: predictions may not run away from earlier ones, so that the loss stays flat along the path
/// (Du, Zhou, Feng, Tan, Zhou, "Sharpness-Aware Training for Free", 2022; AngusDujw/SAF): weight temperature^2 KL(softmax(earlier / temperature) || softmax(current / temperature)).
/// </summary>
/// <remarks>
/// For SAF the earlier logits are those of the same examples some epochs ago, see <see cref="LogitHistory"/>; for MESA those of an exponential average of the weights now. The authors use it from
/// the sixth epoch on. SAF costs no pass, MESA a forward pass. It goes with any optimizer, a sharpness-aware one too.
/// </remarks>
/// <example><code>
/// using var average = WeightAverage.Exponential(model);                                          // MESA
/// Tensor earlier;
/// using (torch.no_grad()) using (average.SwapIn()) earlier = model.call(x);
/// var logits = model.call(x);
/// var loss = cross_entropy(logits, y).Plus(Losses.Trajectory(logits, earlier, Losses.MesaWeight));
/// ... step ...; average.Update();
/// </code></example>
public static partial class Losses
{
    /// <summary>SAF's weight: 0.16, the default of the authors' code; their README has 0.3.</summary>
    public const double SafWeight = 0.16;

    /// <summary>MESA's weight: 0.3, the default of the authors' code; their README has 0.8.</summary>
    public const double MesaWeight = 0.3;

    /// <summary>The term, a mean over examples: all dimensions but the last one, which holds the classes.</summary>
    /// <param name="current">Logits under the present weights.</param>
    /// <param name="earlier">Logits of the same shape; no gradient flows there.</param>
    /// <param name="weight">Not negative; 0 makes the term 0. Default <see cref="SafWeight"/>.</param>
    /// <param name="temperature">Above 0. Default 5 (the authors' code).</param>
    /// <returns>Without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The weight is negative, or the temperature not above 0.</exception>
    public static Tensor Trajectory(Tensor current, Tensor earlier, double weight = SafWeight, double temperature = 5)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(earlier);
        Check.NonNegative(weight);
        Check.Positive(temperature);
        using var scope = NewDisposeScope();
        return ForwardKl(current.Over(temperature), earlier.detach().Over(temperature)).Times(weight * temperature * temperature).MoveToOuterDisposeScope();
    }
}
