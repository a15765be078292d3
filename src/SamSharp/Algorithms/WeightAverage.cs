using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// The average of a model's weights over training, independent of the optimizer: uniform (SWA; with SAM it is WASAM: Kaddour, Liu, Silva,
/// Kusner, "When Do Flat Minima Optimizers Work?", 2022, who average from three quarters of training on) or exponential (EMA). It costs one
/// copy of the weights, and two while the averages are swapped in. Averages of float16 and bfloat16 weights are kept in float32, where small updates
/// still count.
/// </summary>
/// <example><code>
/// using var average = WeightAverage.Uniform(model);
/// ... if (step > 0.75 * steps) average.Update();
/// using (average.SwapIn()) { average.RefreshStatistics(batches, batch => model.call(batch)); Evaluate(model); }
/// </code></example>
public sealed class WeightAverage : IDisposable
{
    private readonly nn.Module _model;
    private readonly (Tensor Weight, Tensor Average)[] _pairs;
    private readonly double? _decay;
    private bool _isIn;

    private WeightAverage(nn.Module model, double? decay)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _decay = decay;
        using var noGradient = no_grad();
        _pairs = model.parameters().DistinctBy(p => p.Handle).Where(p => p.is_floating_point())
            .Select(p => ((Tensor)p, Copy(p, ParameterBucket.AccumulatorOf(p.dtype)))).ToArray();
    }

    private static Tensor Copy(Tensor weight, ScalarType type)
    {
        using var values = weight.detach();
        return values.to(type, copy: true).DetachFromDisposeScope();
    }

    /// <summary>How many times <see cref="Update"/> was called.</summary>
    public long Count { get; private set; }

    /// <summary>Creates a uniform average, in which every update has the same weight. Before the first update the
    /// average is the weights at construction.</summary>
    /// <param name="model">The model whose weights are averaged.</param>
    public static WeightAverage Uniform(nn.Module model) => new(model, null);

    /// <summary>Creates an exponential average: average := decay average + (1 - decay) w at each update,
    /// beginning with the weights at construction.</summary>
    /// <param name="model">The model whose weights are averaged.</param>
    /// <param name="decay">The decay per update, in [0, 1). Default 0.9998 (AngusDujw/SAF's, for MESA).</param>
    /// <exception cref="ArgumentOutOfRangeException">decay is not in [0, 1).</exception>
    public static WeightAverage Exponential(nn.Module model, double decay = 0.9998) => new(model, Check.Share(decay));

    /// <summary>Adds the current weights to the average.</summary>
    /// <exception cref="InvalidOperationException">The averages are swapped in.</exception>
    public void Update()
    {
        if (_isIn) throw new InvalidOperationException("The averages are swapped in; end the scope of SwapIn() before the next update.");
        using var noGradient = no_grad();
        var share = _decay is { } decay ? 1 - decay : 1.0 / (Count + 1);
        foreach (var (weight, average) in _pairs)
        {
            using var scope = NewDisposeScope();
            if (share == 1) average.copy_(weight);
            else average.lerp_(weight.to(average.dtype), tensor(share, average.dtype, average.device));
        }
        Count++;
    }

    /// <summary>Sets the model's weights to the averages until the returned scope is disposed, which restores the weights bit for bit.</summary>
    /// <exception cref="InvalidOperationException">The averages are already swapped in.</exception>
    public IDisposable SwapIn()
    {
        if (_isIn) throw new InvalidOperationException("The averages are already swapped in.");
        using var noGradient = no_grad();
        var kept = _pairs.Select(pair => Copy(pair.Weight, pair.Weight.dtype))
            .Concat(_model.buffers().Select(buffer => buffer.clone().DetachFromDisposeScope())).ToArray();
        var places = _pairs.Select(pair => pair.Weight).Concat(_model.buffers()).ToArray();
        CopyIn();
        _isIn = true;
        return new Scope(() =>
        {
            using var none = no_grad();
            foreach (var (place, value) in places.Zip(kept))
            {
                Restoration.PutBack(place, value);
                value.Dispose();
            }
            Autocast.DropCopies();
            _isIn = false;
        });
    }

    /// <summary>Sets the model's weights to the averages for good, at the end of training. Before the first update these are the weights at
    /// construction.</summary>
    /// <exception cref="InvalidOperationException">The averages are swapped in.</exception>
    public void Apply()
    {
        if (_isIn) throw new InvalidOperationException("The averages are swapped in; end the scope of SwapIn() before applying them.");
        using var noGradient = no_grad();
        CopyIn();
    }

    /// <summary>Recomputes the running statistics of the model's BatchNorm layers for the averages. Call it within the scope of
    /// <see cref="SwapIn"/>, whose end restores the old statistics.</summary>
    /// <param name="batches">Training batches.</param>
    /// <param name="forward">Runs the model on one batch; the result is disposed.</param>
    /// <remarks>Like torch.optim.swa_utils.update_bn, it resets the statistics and weights every batch equally. If a batch throws, the statistics
    /// are as before.</remarks>
    /// <exception cref="InvalidOperationException">The averages are not swapped in.</exception>
    public void RefreshStatistics<T>(IEnumerable<T> batches, Func<T, Tensor> forward)
    {
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentNullException.ThrowIfNull(forward);
        if (!_isIn) throw new InvalidOperationException("Statistics are computed for the averages: call it within the scope of SwapIn().");
        var norms = _model.modules().Prepend(_model).OfType<TorchSharp.Modules.NormBase>().Where(norm => norm.track_running_stats).ToArray();
        if (norms.Length == 0) return;
        var momenta = norms.Select(norm => norm.momentum).ToArray();
        using var statistics = new RunningStatistics(_model);
        statistics.Begin();
        using var modes = new ModuleModes(_model);
        var ended = false;
        try
        {
            foreach (var norm in norms) norm.reset_running_stats();
            _model.train();
            var seen = 0;
            using var noGradient = no_grad();
            foreach (var batch in batches)
            {
                foreach (var norm in norms) norm.momentum = 1.0 / (seen + 1);
                using var scope = NewDisposeScope();
                forward(batch);
                seen++;
            }
            ended = true;
        }
        finally
        {
            foreach (var (norm, momentum) in norms.Zip(momenta)) norm.momentum = momentum;
            if (!ended) statistics.Rollback();
        }
    }

    /// <summary>Clones of the averages by parameter name, for a checkpoint; the caller owns them.</summary>
    public IReadOnlyDictionary<string, Tensor> StateDictionary() =>
        Names().Zip(_pairs).ToDictionary(pair => pair.First, pair => pair.Second.Average.clone());

    /// <summary>Restores saved averages. If that fails, nothing has changed.</summary>
    /// <param name="averages">What <see cref="StateDictionary"/> returned.</param>
    /// <param name="count">The value of <see cref="Count"/> at that time.</param>
    /// <exception cref="ArgumentException">A name is missing, a shape differs, or a tensor holds no floating-point numbers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">count is negative.</exception>
    /// <exception cref="InvalidOperationException">The averages are swapped in.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> averages, long count)
    {
        ArgumentNullException.ThrowIfNull(averages);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (_isIn) throw new InvalidOperationException("The averages are swapped in; end the scope of SwapIn() before loading others.");
        var names = Names().ToArray();
        foreach (var (name, (_, own)) in names.Zip(_pairs))
        {
            if (!averages.TryGetValue(name, out var saved))
                throw new ArgumentException($"The saved averages have none named {name}.", nameof(averages));
            if (!saved.shape.SequenceEqual(own.shape))
            {
                throw new ArgumentException($"The saved average {name} has shape [{string.Join(", ", saved.shape)}], " +
                    $"the model's parameter has shape [{string.Join(", ", own.shape)}].", nameof(averages));
            }
            if (!saved.is_floating_point())
                throw new ArgumentException($"The saved average {name} has type {saved.dtype}; averages are floating-point numbers.",
                    nameof(averages));
        }
        using var noGradient = no_grad();
        foreach (var (name, (_, own)) in names.Zip(_pairs)) own.copy_(averages[name]);
        Count = count;
    }

    /// <summary>Frees the averages.</summary>
    public void Dispose()
    {
        foreach (var (_, average) in _pairs) average.Dispose();
    }

    private void CopyIn()
    {
        foreach (var (weight, average) in _pairs) weight.copy_(average);
        Autocast.DropCopies();
    }

    private IEnumerable<string> Names() =>
        _model.named_parameters().DistinctBy(p => p.parameter.Handle).Where(p => p.parameter.is_floating_point()).Select(p => p.name);

    private sealed class Scope(Action end) : IDisposable
    {
        private Action? _end = end;

        public void Dispose()
        {
            _end?.Invoke();
            _end = null;
        }
    }
}
