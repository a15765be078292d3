using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>What an optimizer of this library remembers of one parameter. The tensors are float32, or float64 for a float64 parameter.</summary>
public abstract class TensorState : OptimizerState, IDisposable
{
    private readonly int _index;
    private LeftOutSteps? _leftOut;

    private protected TensorState(Parameter parameter, int index, int tensors) : base(parameter)
    {
        _index = index;
        Precision = parameter.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Tensors = new Tensor?[tensors];
    }

    /// <summary>Steps taken with a gradient. Those that were left out on a GPU are not counted, to know which waits for the device.</summary>
    public long Step => Attempts - (_leftOut is null ? 0 : (long)_leftOut.Count.item<float>());

    /// <summary>Steps with a gradient, whether or not they were left out on the device.</summary>
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

    /// <summary>The dtype of the tensors here, in which the update is computed.</summary>
    internal ScalarType Precision { get; }

    /// <summary>Another number whenever the state gets other tensors than it had.</summary>
    internal int Version { get; private set; }

    internal int TensorCount => Tensors.Length;

    private protected Tensor?[] Tensors { get; private set; }

    internal Tensor? TensorAt(int number) => Tensors[number];

    /// <summary>Makes what the options, which may have changed since the last step, ask for.</summary>
    internal abstract void Prepare(OptimizerOptions options);

    /// <summary>The tensor of that number, zeros where there was none.</summary>
    private protected Tensor Make(int tensor, long[] shape)
    {
        if (Tensors[tensor] is { } made) return made;
        Version++;
        return Tensors[tensor] = zeros(shape, Precision, _parameter.device).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override void Initialize(OptimizerOptions options)
    {
        Clear();
        Prepare(options);
    }

    /// <inheritdoc/>
    public override void to(Device device)
    {
        (Attempts, LeftOut) = (Step, null);
        Version++;
        for (var i = 0; i < Tensors.Length; i++) Tensors[i] = Tensors[i]?.to(device, disposeAfter: true).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override void SaveStateDict(BinaryWriter writer)
    {
        writer.Write(Step);
        writer.Write(_parameter.shape.Length);
        foreach (var size in _parameter.shape) writer.Write(size);
        foreach (var tensor in Tensors) SaveConditionalStateTensor(writer, tensor);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The data belong to a parameter of another shape or type; this state is unchanged.</exception>
    public override void LoadStateDict(BinaryReader reader)
    {
        var step = reader.ReadInt64();
        var shape = new long[Math.Clamp(reader.ReadInt32(), 0, 64)];
        for (var i = 0; i < shape.Length; i++) shape[i] = reader.ReadInt64();
        if (!shape.SequenceEqual(_parameter.shape))
            throw new InvalidDataException($"Parameter {_index} has shape [{string.Join(", ", _parameter.shape)}], its saved state is for [{string.Join(", ", shape)}].");

        using var scope = NewDisposeScope();
        var loaded = new Tensor?[Tensors.Length];
        for (var i = 0; i < loaded.Length; i++)
        {
            LoadConditionalStateTensor(reader, ref loaded[i], _parameter.device);
            if (loaded[i] is { } tensor && tensor.dtype != Precision)
                throw new InvalidDataException($"Parameter {_index} is of type {_parameter.dtype} and keeps its state in {Precision}; the saved state is {tensor.dtype}.");
        }
        Take(step, loaded);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The state is another optimizer's, or of a parameter of another shape.</exception>
    public override void LoadStateDict(OptimizerState source)
    {
        if (source is not TensorState state || state.GetType() != GetType())
            throw new ArgumentException($"The state of parameter {_index} is {source?.GetType()}; {GetType()} is needed.");
        if (!state._parameter.shape.SequenceEqual(_parameter.shape))
            throw new ArgumentException($"Parameter {_index} has shape [{string.Join(", ", _parameter.shape)}], the given state is for [{string.Join(", ", state._parameter.shape)}].");
        if (ReferenceEquals(state, this)) return;

        using var scope = NewDisposeScope();
        Take(state.Step, Array.ConvertAll(state.Tensors, tensor => tensor?.to(Precision, _parameter.device, copy: true)));
    }

    /// <summary>Back to before the first step, without any tensor.</summary>
    private protected void Clear() => Take(0, new Tensor?[Tensors.Length]);

    private void Take(long step, Tensor?[] tensors)
    {
        Dispose();
        foreach (var tensor in tensors) tensor?.DetachFromDisposeScope();
        (Attempts, Tensors) = (step, tensors);
    }

    /// <inheritdoc/>
    public override bool ApproximatelyEquals(OptimizerState other) => other is TensorState state && state.GetType() == GetType() && Step == state.Step
        && Tensors.Zip(state.Tensors).All(pair => pair is (null, null) || (pair is ({ } mine, { } theirs) && mine.allclose(theirs)));

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor?.Dispose();
        LeftOut = null;
        Version++;
        GC.SuppressFinalize(this);
    }
}
