using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>What an optimizer of this library remembers of one parameter: a count of steps, and tensors by name, float32, or float64 for a
/// float64 parameter.</summary>
internal sealed class ParameterState : OptimizerState, IDisposable
{
    private const long MostSteps = 1L << 53, MasterFollows = 1L << 62; // in the saved count of steps: a master follows the tensors

    private readonly StateTensor[] _layout;
    private readonly JointLoad _loading;
    private readonly int _index;
    private Tensor?[] _tensors;
    private LeftOutSteps? _leftOut;
    private Tensor? _master;
    private GroupOptions? _options;

    internal ParameterState(Parameter parameter, int index, StateTensor[] layout, JointLoad loading) : base(parameter)
    {
        (_index, _layout, _loading) = (index, layout, loading);
        _tensors = new Tensor?[layout.Length];
        Shape = parameter.shape;
        Elements = parameter.NumberOfElements;
        Type = parameter.dtype;
        Precision = Type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Kind = new(Type, parameter.device_type, parameter.device_index, TensorsOf(layout, Shape));
    }

    /// <summary>Steps made with a gradient, without those that were skipped on a GPU, for which reading this waits for the device.</summary>
    public long Step => Attempts - (_leftOut is null ? 0 : (long)_leftOut.Count.Value());

    /// <summary>The names of the tensors that the optimizer may keep, which are PyTorch's where PyTorch has them: <c>exp_avg</c>,
    /// <c>momentum_buffer</c>, ...</summary>
    public IEnumerable<string> Names => _layout.Select(tensor => tensor.Name);

    /// <summary>The tensor of a name; null if this parameter or the group's options need none, or do not need it yet. The state owns it.</summary>
    /// <exception cref="KeyNotFoundException">The optimizer keeps nothing under that name.</exception>
    public Tensor? this[string name] => Array.FindIndex(_layout, tensor => tensor.Name == name) is >= 0 and var number
        ? _tensors[number]
        : throw new KeyNotFoundException($"There is no {name}; the optimizer keeps {string.Join(", ", Names)}.");

    /// <summary>Steps with a gradient, including those that were skipped on the device.</summary>
    internal long Attempts { get; set; }

    /// <summary>Which of them were.</summary>
    internal LeftOutSteps? LeftOut
    {
        get => _leftOut;
        set
        {
            _leftOut?.Release();
            _leftOut = value;
        }
    }

    /// <summary>The float32 weights of a 16-bit parameter, if the optimizer keeps them.</summary>
    internal Tensor? Master
    {
        get => _master;
        set
        {
            if (ReferenceEquals(value, _master)) return;
            _master?.Dispose();
            _master = value?.DetachFromDisposeScope();
            Version++;
        }
    }

    /// <summary>The parameter's index among all of the optimizer's.</summary>
    internal int Index => _index;

    /// <summary>The parameter's shape and type.</summary>
    internal long[] Shape { get; }

    internal ScalarType Type { get; }

    internal long Elements { get; }

    /// <summary>The dtype of the tensors here, in which the update is computed.</summary>
    internal ScalarType Precision { get; }

    /// <summary>What parameters must have in common to be updated together.</summary>
    internal ParameterKind Kind { get; }

    /// <summary>A number that changes whenever the state gets other tensors.</summary>
    internal int Version { get; private set; }

    internal int TensorCount => _tensors.Length;

    internal Tensor? At(int number) => _tensors[number];

    /// <summary>Creates the tensors that the options ask for, which may have changed since the last step.</summary>
    internal void Prepare(GroupOptions options) => Make(options, before: false);

    /// <inheritdoc/>
    public override void Initialize(OptimizerOptions options)
    {
        _options = (GroupOptions)options;
        Take(0, new Tensor?[_layout.Length]);
        Make((GroupOptions)options, before: true);
    }

    /// <summary>The tensor with that number; zeros if there was none.</summary>
    internal Tensor Make(int number)
    {
        if (_tensors[number] is { } made) return made;
        Version++;
        return _tensors[number] = zeros(_layout[number].ShapeFor(Shape)!, Precision, _parameter.device).DetachFromDisposeScope();
    }

    private void Make(GroupOptions options, bool before)
    {
        for (var i = 0; i < _layout.Length; i++)
        {
            var tensor = _layout[i];
            if (_tensors[i] is not null || (before && tensor.BeginsLater) || !tensor.IsKept(options) || tensor.ShapeFor(Shape) is null) continue;
            if (tensor.Start is null) Make(i);
            else Make(i).Fill(tensor.Start(options));
        }
    }

    /// <inheritdoc/>
    public override void to(Device device)
    {
        (Attempts, LeftOut) = (Step, null);
        Version++;
        Master = Master?.to(device);
        for (var i = 0; i < _tensors.Length; i++) _tensors[i] = _tensors[i]?.to(device, disposeAfter: true).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(_master is null ? Step : Step + MasterFollows);
        writer.Write(Shape.Length);
        foreach (var size in Shape) writer.Write(size);
        foreach (var tensor in _tensors) SaveConditionalStateTensor(writer, tensor);
        if (_master is not null) SaveConditionalStateTensor(writer, _master);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The data belong to a parameter of another shape or type, or do not fit together; nothing has
    /// changed.</exception>
    public override void LoadStateDict(BinaryReader reader) => _loading.Take(this, () =>
    {
        var step = reader.ReadInt64();
        var hasMaster = step is >= MasterFollows and <= MasterFollows + MostSteps;
        if (hasMaster) step -= MasterFollows;
        if (step is < 0 or > MostSteps) throw new InvalidDataException($"The saved state of parameter {_index} counts {step} steps.");
        var dimensions = reader.ReadInt32();
        var shape = new long[Math.Clamp(dimensions, 0, 64)];
        for (var i = 0; i < shape.Length; i++) shape[i] = reader.ReadInt64();
        if (dimensions != Shape.Length || !shape.SequenceEqual(Shape))
            throw new InvalidDataException($"Parameter {_index} has shape {Text(Shape)}, its saved state is for {Text(shape)}.");

        var tensors = new Tensor?[_layout.Length + (hasMaster ? 1 : 0)];
        try
        {
            for (var i = 0; i < tensors.Length; i++)
            {
                if (!SavedTensor.ReadFlag(reader)) continue;
                var isMaster = i == _layout.Length;
                var what = $"{(isMaster ? "master" : _layout[i].Name)} of parameter {_index}, which is of type {Type},";
                var expected = isMaster ? Shape
                    : _layout[i].ShapeFor(Shape) ?? throw new InvalidDataException($"A parameter of shape {Text(Shape)} has no {what}");
                tensors[i] = SavedTensor.Read(reader, Precision, expected, _parameter.device, what);
            }
        }
        catch
        {
            foreach (var tensor in tensors) tensor?.Dispose();
            throw;
        }
        return new(() => Take(step, tensors), tensors);
    });

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The state is another optimizer's, or of a parameter of another shape; nothing has
    /// changed.</exception>
    public override void LoadStateDict(OptimizerState source) => _loading.Take(this, () =>
    {
        if (source is not ParameterState state || !ReferenceEquals(state._layout, _layout))
            return FromTwin(_loading.Twin?.Read(source) ?? throw new ArgumentException($"The state of parameter {_index} is another optimizer's."));
        if (!state.Shape.SequenceEqual(Shape))
            throw new ArgumentException($"Parameter {_index} has shape {Text(Shape)}, the given state is for {Text(state.Shape)}.");
        if (ReferenceEquals(state, this)) return new(() => { }, []);
        Tensor?[] own = [.. state._tensors, state._master];
        var copies = Array.ConvertAll(own, tensor => tensor?.to(Precision, _parameter.device, copy: true).DetachFromDisposeScope());
        var step = state.Step;
        return new(() => Take(step, copies), copies);
    });

    /// <summary>The tensors as TorchSharp's optimizer keeps them: copies, of the parameter's type.</summary>
    internal Tensor?[] CopiesForTwin()
    {
        var sign = _loading.Twin!.SignUnder(_options!);
        return Array.ConvertAll(_tensors,
            tensor => tensor?.to(Type, _parameter.device, copy: true).MultiplyBy(sign).DetachFromDisposeScope());
    }

    private Parsed FromTwin((long Step, Tensor?[] Tensors) state)
    {
        for (var i = 0; i < _layout.Length; i++)
        {
            if (state.Tensors[i] is { } tensor && !tensor.shape.AsSpan().SequenceEqual(_layout[i].ShapeFor(Shape)))
                throw new ArgumentException($"{_layout[i].Name} of parameter {_index} has shape {Text(tensor.shape)}, the parameter {Text(Shape)}.");
        }
        var copies = Array.ConvertAll(state.Tensors, tensor => tensor?.to(Precision, _parameter.device, copy: true).DetachFromDisposeScope());
        return new(() =>
        {
            var sign = _loading.Twin!.SignUnder(_options!); // of the options that were loaded with the state
            foreach (var copy in copies) copy?.MultiplyBy(sign);
            Take(state.Step, copies);
        }, copies);
    }

    private void Take(long step, Tensor?[] tensors)
    {
        Dispose();
        (Attempts, _tensors) = (step, tensors[.._layout.Length]);
        Master = tensors.ElementAtOrDefault(_layout.Length);
    }

    /// <inheritdoc/>
    public override bool ApproximatelyEquals(OptimizerState other) =>
        other is ParameterState state && ReferenceEquals(state._layout, _layout) && Step == state.Step
        && _tensors.Zip(state._tensors).All(pair => pair is (null, null) || (pair is ({ } mine, { } theirs) && mine.allclose(theirs)));

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";

    private static int TensorsOf(StateTensor[] layout, long[] shape)
    {
        var bits = 0;
        for (var i = 0; i < layout.Length; i++) bits |= layout[i].ShapeFor(shape) is null ? 0 : 1 << i;
        return bits;
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors) tensor?.Dispose();
        LeftOut = null;
        Master = null;
        Version++;
    }
}

/// <summary>What parameters must have in common to be updated together, apart from their step.</summary>
/// <param name="Type">Their type.</param>
/// <param name="Device">Their kind of device.</param>
/// <param name="DeviceIndex">The index of their device.</param>
/// <param name="Tensors">A bit for each tensor that can be kept for a parameter of their shape.</param>
internal readonly record struct ParameterKind(ScalarType Type, DeviceType Device, int DeviceIndex, int Tensors);
