using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The logits of every training example in the last epochs, for SAF's <see cref="Objectives.Trajectory"/>. It holds examples x (epochs +
/// 1) x classes numbers, too many for the vocabulary of a language model, on the device of the first logits. Save it with a
/// checkpoint, or the term is 0 again for some epochs.
/// </summary>
/// <example><code>
/// var logits = model.call(x);
/// var loss = cross_entropy(logits, y).Plus(Objectives.Trajectory(logits, history.Recall(epoch, indices, logits)));
/// history.Store(epoch, indices, logits);
/// </code></example>
/// <param name="examples">The number of training examples.</param>
/// <param name="epochs">How many epochs back to look. Default 3 (AngusDujw/SAF).</param>
public sealed class LogitHistory(long examples, int epochs = 3) : IDisposable
{
    private readonly long _examples = examples > 0 ? examples
        : throw new ArgumentOutOfRangeException(nameof(examples), examples, "There must be at least one example.");
    private readonly int _epochs = Check.Positive(epochs);
    private Tensor? _logits, _storedIn;

    /// <summary>The logits of examples some epochs ago. An example that was not stored then gets its current logits, whose term is 0.</summary>
    /// <param name="epoch">The number of the present epoch, from 0.</param>
    /// <param name="indices">[batch]: the indices of the examples, int64, from 0.</param>
    /// <param name="current">[batch, classes]: the present logits.</param>
    /// <returns>The logits, [batch, classes], without history.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other or the stored logits.</exception>
    /// <exception cref="ArgumentOutOfRangeException">epoch is negative.</exception>
    public Tensor Recall(int epoch, Tensor indices, Tensor current)
    {
        ArgumentNullException.ThrowIfNull(current);
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
    /// <param name="indices">[batch]: the indices of the examples, int64, from 0.</param>
    /// <param name="current">[batch, classes]: the present logits.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other or the stored logits, or an index is of no example; nothing has
    /// changed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">epoch is negative.</exception>
    public void Store(int epoch, Tensor indices, Tensor current)
    {
        ArgumentNullException.ThrowIfNull(current);
        Require(epoch, indices, current);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        RequireKnown(indices);
        _logits ??= zeros([_epochs + 1, _examples, current.shape[1]], current.dtype, current.device).DetachFromDisposeScope();
        _storedIn ??= ScalarArithmetic.Full([_epochs + 1, _examples], -1, ScalarType.Int64, current.device).DetachFromDisposeScope();
        var rows = indices.to(_logits.device);
        _logits[Place(epoch)].index_copy_(0, rows, current.detach().to(_logits.dtype, _logits.device));
        _storedIn[Place(epoch)].FillAt(0, rows, epoch);
    }

    /// <summary>Clones of what is stored, for a checkpoint; the caller owns them. Empty before the first <see cref="Store"/>.</summary>
    public IReadOnlyDictionary<string, Tensor> StateDictionary() => _logits is null
        ? new Dictionary<string, Tensor>()
        : new Dictionary<string, Tensor> { ["logits"] = _logits.clone(), ["storedIn"] = _storedIn!.clone() };

    /// <summary>Restores what was saved.</summary>
    /// <param name="state">What <see cref="StateDictionary"/> returned.</param>
    /// <exception cref="ArgumentException">The state is for another number of examples or epochs, or not of such numbers; nothing has
    /// changed.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        state.TryGetValue("logits", out var logits);
        state.TryGetValue("storedIn", out var storedIn);
        if (logits is null != storedIn is null || (logits is not null && !IsOurs(logits.shape, storedIn!.shape)))
        {
            throw new ArgumentException($"The saved history has logits of shape [{string.Join(", ", logits?.shape ?? [])}]; " +
                $"[{_epochs + 1}, {_examples}, classes] is expected, with the epochs they were stored in.", nameof(state));
        }
        if (logits is not null && (!logits.is_floating_point() || storedIn!.dtype != ScalarType.Int64))
            throw new ArgumentException($"The saved history has logits of type {logits.dtype} from epochs of type {storedIn!.dtype}; " +
                "floating-point numbers from Int64 are expected.", nameof(state));
        var (copy, epochs) = (logits?.clone().DetachFromDisposeScope(), storedIn?.clone().DetachFromDisposeScope());
        Dispose();
        (_logits, _storedIn) = (copy, epochs);
    }

    /// <summary>Forgets and frees everything.</summary>
    public void Dispose()
    {
        _logits?.Dispose();
        _storedIn?.Dispose();
        _logits = _storedIn = null;
    }

    private bool IsOurs(long[] logits, long[] storedIn) =>
        logits.Length == 3 && logits[0] == _epochs + 1 && logits[1] == _examples && storedIn.AsSpan().SequenceEqual(logits.AsSpan(0, 2));

    private int Place(int epoch) => epoch % (_epochs + 1);

    /// <summary>Refuses indices of no example before anything is stored; on a GPU, where looking would wait, the device notices.</summary>
    [InDisposeScope]
    private void RequireKnown(Tensor indices)
    {
        if (indices.device_type != DeviceType.CPU || indices.NumberOfElements == 0) return;
        var (least, most) = (indices.min().Read<long>(), indices.max().Read<long>());
        if (least < 0 || most >= _examples)
            throw new ArgumentException($"The indices reach from {least} to {most}; there are {_examples} examples, from 0.", nameof(indices));
    }

    private void Require(int epoch, Tensor indices, Tensor current)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentNullException.ThrowIfNull(indices);
        ClassScores.RequireFit(current, indices);
        if (_logits is not null && current.shape[1] != _logits.shape[2])
            throw new ArgumentException($"The logits have {current.shape[1]} classes; the stored ones have {_logits.shape[2]}.", nameof(current));
    }
}

public static partial class Objectives
{
    /// <summary>SAF's weight: 0.16, the default of the authors' code; their README uses 0.3.</summary>
    public const double SafWeight = 0.16;

    /// <summary>MESA's weight: 0.3, the default of the authors' code; their README uses 0.8.</summary>
    public const double MesaWeight = 0.3;

    /// <summary>
    /// The term that SAF and MESA add to the training loss instead of an ascent: it keeps predictions close to earlier ones, so that
    /// the loss stays flat along the path (Du, Zhou, Feng, Tan, Zhou, "Sharpness-Aware Training for Free", 2022; AngusDujw/SAF). It
    /// is weight temperature^2 KL(softmax(earlier / temperature) || softmax(current / temperature)), a mean over examples: all
    /// dimensions except the last, which holds the classes.
    /// </summary>
    /// <remarks>
    /// For SAF the earlier logits come from the same examples some epochs ago, see <see cref="LogitHistory"/>; for MESA they come from an
    /// exponential average of the current weights. The authors use the term from the sixth epoch on. SAF costs no pass, MESA a forward pass.
    /// The term works with any optimizer, including a sharpness-aware one.
    /// </remarks>
    /// <example><code>
    /// using var average = WeightAverage.Exponential(model);                                          // MESA
    /// Tensor earlier;
    /// using (torch.no_grad()) using (average.SwapIn()) earlier = model.call(x);
    /// var logits = model.call(x);
    /// var loss = cross_entropy(logits, y).Plus(Objectives.Trajectory(logits, earlier, Objectives.MesaWeight));
    /// ... step ...; average.Update();
    /// </code></example>
    /// <param name="current">Logits [..., classes] under the present weights.</param>
    /// <param name="earlier">Logits of the same shape; no gradient flows to them.</param>
    /// <param name="weight">The weight of the term, at least 0; 0 makes the term 0. Default <see cref="SafWeight"/>.</param>
    /// <param name="temperature">The temperature of both softmaxes, above 0. Default 5 (the authors' code).</param>
    /// <returns>The term, a tensor without dimensions; backward() works on it.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The weight is negative, or the temperature is not above 0.</exception>
    public static Tensor Trajectory(Tensor current, Tensor earlier, double weight = SafWeight, double temperature = 5)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(earlier);
        Check.NonNegative(weight);
        Check.Positive(temperature);
        using var scope = NewDisposeScope();
        var divergence = ForwardKl(current.Over(temperature), earlier.detach().Over(temperature));
        return divergence.Times(weight * temperature * temperature).MoveToOuterDisposeScope();
    }
}
