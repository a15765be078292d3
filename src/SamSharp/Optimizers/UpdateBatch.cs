using System.Numerics;
using SamSharp.Kernels;
using SamSharp.Kernels.Vectorized;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>Parameters that one pass of an optimizer takes together: of one group, with the same layout, at the same stage.</summary>
internal sealed class UpdateBatch(GroupOptions options, UpdateRule rule, ParameterState first, int capacity, WeightRounding rounding) : IDisposable
{
    private readonly ParameterKind _kind = first.Kind;
    private readonly List<ParameterState> _states = new(capacity);
    private readonly List<Tensor> _weights = new(capacity), _gradients = new(capacity), _owned = [];
    private StateTensors? _tensors;

    public GroupOptions Options => options;

    /// <summary>What the rule says about the parameters' past.</summary>
    public long Stage { get; } = rule.StageOf(first);

    /// <summary>The steps that were skipped for all the parameters here.</summary>
    public LeftOutSteps? LeftOut { get; } = first.LeftOut;

    /// <summary>The dtype of states and arithmetic.</summary>
    public ScalarType Precision => first.Precision;

    /// <summary>The device of the parameters.</summary>
    public Device Device => _weights[0].device;

    public Tensor[] Weights { get; private set; } = [];

    public Tensor[] Gradients { get; private set; } = [];

    /// <summary>The states' tensors with a number; none if a state has none.</summary>
    public Tensor[] Of(int tensor) => _tensors!.Lists[tensor];

    /// <summary>The addresses of these tensors; null if there are none, or if passes over raw memory do not apply.</summary>
    public TensorMemory? MemoryOf(int tensor) => _tensors!.Memory[tensor];

    /// <summary>What a step changes of one parameter: weights and state.</summary>
    public IEnumerable<Tensor> TensorsAt(int place) =>
        [Weights[place], .. _tensors!.Lists.Where(list => list.Length > 0).Select(list => list[place])];

    /// <summary>Whether a parameter with this state belongs here.</summary>
    public bool Takes(ParameterState state) => rule.StageOf(state) == Stage && state.Kind == _kind && ReferenceEquals(state.LeftOut, LeftOut);

    /// <summary>Adds a parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="state">Its state.</param>
    /// <param name="owned">Whether the gradient's handle is taken over.</param>
    public void Add(Parameter parameter, Tensor gradient, ParameterState state, bool owned)
    {
        if (owned) Own(gradient);
        _states.Add(state);
        _gradients.Add(gradient);
        _weights.Add(parameter);
    }

    /// <summary>Moves the counters on, and makes the lists of tensors.</summary>
    /// <param name="before">The batch of the previous step, which usually has the same states; what is
    /// known about their tensors is then reused.</param>
    public void Begin(UpdateBatch? before)
    {
        foreach (var state in _states)
        {
            state.Prepare(options);
            state.Attempts++;
        }
        options.Begin(first.Attempts);
        (Weights, Gradients) = ([.. _weights], [.. _gradients]);
        _tensors = before?._tensors is { } known && known.AreOf(_states) ? known : new StateTensors(_states);
    }

    /// <summary>The addresses of weights and gradients; null if passes over raw memory do not apply to them or to the state.</summary>
    public TensorMemory? FindMemory() => Weights[0].dtype is var type && (type == Precision || type == ScalarType.BFloat16) && _tensors!.AreInMemory
        ? TensorMemory.Of(Weights, Gradients)
        : null;

    /// <summary>weights := lanes of weights and gradients, in the type of the weights.</summary>
    /// <param name="memory">The addresses of weights (list 0) and gradients (list 1).</param>
    /// <param name="lanes">What to compute of a piece.</param>
    public void Map<T, TLanes>(TensorMemory memory, Func<Piece, TLanes> lanes)
        where T : unmanaged, IFloatingPointIeee754<T> where TLanes : struct, ILanes<T> => Map<T, PlainTensor<T>, TLanes>(memory, lanes);

    /// <summary>weights := lanes of weights and gradients, in float32; bfloat16 weights from their masters if there are any, and rounded
    /// once.</summary>
    /// <inheritdoc cref="Map{T, TLanes}"/>
    public void Map<TLanes>(TensorMemory memory, Func<Piece, TLanes> lanes) where TLanes : struct, ILanes<float>
    {
        if (memory.Dtype == ScalarType.BFloat16) Map<float, BrainTensor, TLanes>(memory, lanes);
        else Map<float, PlainTensor<float>, TLanes>(memory, lanes);
    }

    /// <summary>The addresses of the parameters' float32 weights; null if there are none.</summary>
    public TensorMemory? MemoryOfMasters() => HasMasters ? TensorMemory.Of(Masters()) : null;

    /// <summary>The parameters' keys for rounding at random; null to round to the nearest.</summary>
    public ulong[]? Keys() => rounding.AtRandom && !rounding.Masters && NarrowWeights.Is16Bits(first.Type)
        ? [.. _states.Select(state => CounterRandom.Hash(rounding.Seed, state.Attempts, state.Index))]
        : null;

    /// <summary>libtorch's operators walk raw memory: every tensor must be contiguous and of the states' dtype. Others take part as
    /// copies.</summary>
    /// <param name="kernels">Take up what something else has changed in the weights of masters.</param>
    public void MakePlain(ITensorListKernels kernels)
    {
        Gradients = Array.ConvertAll(Gradients, Plain);
        if (!HasMasters)
        {
            Weights = Array.ConvertAll(Weights, Plain);
            return;
        }
        var masters = Masters();
        kernels.TakeUpChanges(masters, [.. _weights]);
        Weights = masters;
    }

    /// <summary>Writes back the weights that were computed on a copy.</summary>
    /// <param name="kernels">Round them.</param>
    public void End(ITensorListKernels kernels)
    {
        var copied = Enumerable.Range(0, _weights.Count).Where(place => !ReferenceEquals(Weights[place], _weights[place])).ToArray();
        if (copied.Length == 0) return;
        var (parameters, copies) = (NarrowWeights.Of([.. _weights], copied), NarrowWeights.Of(Weights, copied));
        if (NarrowWeights.Is16Bits(first.Type)) kernels.Round(parameters, copies, Keys() is { } keys ? NarrowWeights.Of(keys, copied) : null);
        else kernels.Copy(parameters, copies);
    }

    /// <summary>Counts the step as skipped if the device says so.</summary>
    public void LeaveOut(Tensor foundInf)
    {
        if (LeftOut is not null && LeftOut.IsSharedBy(_states.Count))
        {
            LeftOut.Count.IncreaseBy(foundInf);
            return;
        }
        var count = new LeftOutSteps(LeftOut is null ? foundInf.clone() : LeftOut.Count.Plus(foundInf), _states.Count);
        foreach (var state in _states) state.LeftOut = count;
    }

    /// <summary>Frees the handles and the copies.</summary>
    public void Dispose()
    {
        foreach (var tensor in _owned) tensor.Dispose();
        _owned.Clear();
        _gradients.Clear();
        (Weights, Gradients) = ([], []);
    }

    /// <summary>Whether a step must be made on float32 weights, which then replace the parameters.</summary>
    public bool WantsPlain => (rounding.Masters || rounding.AtRandom) && NarrowWeights.Is16Bits(first.Type);

    private void Map<T, TTensor, TLanes>(TensorMemory memory, Func<Piece, TLanes> lanes)
        where T : unmanaged, IFloatingPointIeee754<T> where TTensor : struct, IStoredTensor<TTensor, T> where TLanes : struct, ILanes<T>
    {
        using var masters = MemoryOfMasters();
        var keys = Keys();
        Work.ForEach(memory, piece => TTensor.At(memory, masters, keys, piece.Tensor).Update(lanes(piece), piece.Start, piece.Count));
    }

    private bool HasMasters => rounding.Masters && NarrowWeights.Is16Bits(first.Type);

    /// <summary>The float32 weights of the parameters, made from them where there are none.</summary>
    private Tensor[] Masters() => [.. _states.Zip(_weights, (state, weight) =>
    {
        using var scope = NewDisposeScope();
        return state.Master ??= weight.detach().to(ScalarType.Float32, copy: true).contiguous();
    })];

    private Tensor Plain(Tensor tensor)
    {
        if (tensor.dtype == Precision && tensor.is_contiguous()) return tensor;
        using var scope = NewDisposeScope();
        var copy = tensor.to(Precision).contiguous().DetachFromDisposeScope();
        Own(copy);
        return copy;
    }

    private void Own(Tensor tensor)
    {
        _owned.EnsureCapacity(_states.Capacity);
        _owned.Add(tensor);
    }
}
