using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>
/// What one part of a recipe remembers from step to step: tensors per parameter, and numbers, each under a name. The optimizer owns and saves it.
/// Changes take effect once the step is certain: a step that throws or is skipped leaves everything as it was.
/// </summary>
public sealed class PartMemory : IDisposable
{
    private readonly SortedDictionary<string, Dictionary<int, Kept>> _tensors = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, double> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _changed = [];

    internal PartMemory()
    {
    }

    /// <summary>Whether nothing in the step can fail any more, so that tensors are changed in place, without a copy.</summary>
    internal bool IsCertain { get; set; }

    /// <summary>Whether no parameter has a tensor under that name.</summary>
    public bool IsEmpty(string name) => !_tensors.TryGetValue(name, out var kept) || kept.Values.All(entry => entry.Current is null);

    /// <summary>The parameter's tensor under that name, or null while it has none. Do not write to it.</summary>
    public Tensor? Find(string name, ParameterSlot parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return _tensors.GetValueOrDefault(name)?.GetValueOrDefault(parameter.Index)?.Current;
    }

    /// <summary>The tensors of the given parameters, in order, with zeros in the current dispose scope for a parameter
    /// that has none. Do not write to them.</summary>
    public Tensor[] Of(string name, IReadOnlyList<ParameterSlot> parameters) =>
        parameters.Select(parameter => Find(name, parameter) ?? Zeros(parameter)).ToArray();

    /// <summary>The tensors of the given parameters, in order, to write to. They hold the present values; a parameter that has none gets zeros,
    /// or what <paramref name="start"/> creates.</summary>
    /// <param name="name">Which of the part's tensors.</param>
    /// <param name="parameters">Which parameters.</param>
    /// <param name="start">Creates a parameter's first tensor, which the memory takes over. Default: zeros of the parameter's shape.</param>
    public Tensor[] Change(string name, IReadOnlyList<ParameterSlot> parameters, Func<ParameterSlot, Tensor>? start = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        using var noGradient = no_grad();
        var tensors = new Tensor[parameters.Count];
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = EntryOf(name, parameters[i]).Writable(() => start?.Invoke(parameters[i]) ?? Zeros(parameters[i]), IsCertain);
        return tensors;
    }

    /// <summary>The same for averages and sums, of at least the given precision: small contributions are lost in half precision.</summary>
    internal Tensor[] Change(string name, IReadOnlyList<ParameterSlot> parameters, ScalarType accumulator) =>
        Change(name, parameters, parameter => zeros(parameter.Parameter.shape, accumulator, parameter.Parameter.device));

    /// <summary>Replaces a parameter's tensor, and takes over the new one.</summary>
    public void Put(string name, ParameterSlot parameter, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        EntryOf(name, parameter).Replace(tensor);
    }

    /// <summary>Forgets the tensors under that name.</summary>
    public void Forget(string name)
    {
        foreach (var entry in _tensors.GetValueOrDefault(name)?.Values ?? Enumerable.Empty<Kept>()) entry.Forget();
    }

    /// <summary>The number under that name; 0 while there is none.</summary>
    public double Number(string name) => _changed.TryGetValue(name, out var changed) ? changed : _numbers.GetValueOrDefault(name);

    /// <summary>Remembers a number under a name.</summary>
    public void Set(string name, double value) => _changed[name] = value;

    /// <summary>Makes a step's changes take effect.</summary>
    internal void Commit()
    {
        foreach (var (name, value) in _changed) _numbers[name] = value;
        foreach (var entry in Entries) entry.Commit();
        Settle();
    }

    /// <summary>Drops a step's changes.</summary>
    internal void Rollback()
    {
        foreach (var entry in Entries) entry.Rollback();
        Settle();
    }

    internal IReadOnlyDictionary<string, double> Numbers => _numbers;

    internal IEnumerable<(string Name, (int Index, Tensor Tensor)[] Tensors)> Tensors => _tensors.Select(named => (named.Key, named.Value
        .Where(entry => entry.Value.Current is not null).OrderBy(entry => entry.Key).Select(entry => (entry.Key, entry.Value.Current!)).ToArray()));

    /// <summary>Replaces everything with what was saved.</summary>
    internal void Load(IReadOnlyDictionary<string, double> numbers, IEnumerable<(string Name, (int Index, Tensor Tensor)[] Tensors)> tensors)
    {
        Dispose();
        foreach (var (name, value) in numbers) _numbers[name] = value;
        foreach (var (name, saved) in tensors)
        {
            var entries = _tensors[name] = [];
            foreach (var (index, tensor) in saved)
            {
                entries[index] = new Kept();
                entries[index].Replace(tensor);
                entries[index].Commit();
            }
        }
    }

    /// <summary>Frees and forgets everything. The optimizer does this itself.</summary>
    public void Dispose()
    {
        foreach (var entry in Entries) entry.Dispose();
        _tensors.Clear();
        _numbers.Clear();
        Settle();
    }

    private static Tensor Zeros(ParameterSlot parameter) => zeros_like(parameter.Parameter, requires_grad: false);

    private IEnumerable<Kept> Entries => _tensors.Values.SelectMany(named => named.Values);

    private void Settle()
    {
        _changed.Clear();
        IsCertain = false;
    }

    private Kept EntryOf(string name, ParameterSlot parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (!_tensors.TryGetValue(name, out var entries)) _tensors[name] = entries = [];
        if (!entries.TryGetValue(parameter.Index, out var entry)) entries[parameter.Index] = entry = new Kept();
        return entry;
    }

    /// <summary>A tensor, its next value, which counts once the step is certain, and the buffer for that value.</summary>
    private sealed class Kept : IDisposable
    {
        private Tensor? _now, _next, _spare;
        private bool _isForgotten, _isBuffered;

        public Tensor? Current => _next ?? (_isForgotten ? null : _now);

        public Tensor Writable(Func<Tensor> start, bool inPlace)
        {
            if (_next is not null) return _next;
            if (_now is null || _isForgotten) return _next = start().DetachFromDisposeScope();
            if (inPlace) return _now;
            _next = _spare ?? empty_like(_now).DetachFromDisposeScope();
            _spare = null;
            _isBuffered = true;
            return _next.copy_(_now);
        }

        public void Replace(Tensor tensor)
        {
            Rollback();
            _next = tensor.DetachFromDisposeScope();
        }

        public void Forget()
        {
            Rollback();
            _isForgotten = true;
        }

        public void Commit()
        {
            if (_next is not null)
            {
                if (_isBuffered) _spare = _now;
                else _now?.Dispose();
                (_now, _next) = (_next, null);
            }
            else if (_isForgotten)
            {
                _now?.Dispose();
                _now = null;
            }
            (_isForgotten, _isBuffered) = (false, false);
        }

        public void Rollback()
        {
            if (_isBuffered) _spare = _next;
            else _next?.Dispose();
            _next = null;
            (_isForgotten, _isBuffered) = (false, false);
        }

        public void Dispose()
        {
            _now?.Dispose();
            _next?.Dispose();
            _spare?.Dispose();
            _now = _next = _spare = null;
            (_isForgotten, _isBuffered) = (false, false);
        }
    }
}
