using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>The tensors of some states, by their number, and their addresses, kept from step to step until a state gets other tensors.</summary>
internal sealed class StateTensors
{
    private readonly (ParameterState State, int Version)[] _states;

    public StateTensors(IReadOnlyList<ParameterState> states)
    {
        _states = new (ParameterState, int)[states.Count];
        for (var i = 0; i < _states.Length; i++) _states[i] = (states[i], states[i].Version);
        Lists = Enumerable.Range(0, states[0].TensorCount).Select(number => List(states, number)).ToArray();
        Memory = Array.ConvertAll(Lists, list => TensorMemory.Of([list]));
    }

    /// <summary>A list for each number of a tensor, empty where a state has no such tensor.</summary>
    public Tensor[][] Lists { get; }

    /// <summary>The addresses of each list; null for lists that are empty or that passes over raw memory cannot reach. They own
    /// only tables, which the collector frees.</summary>
    public TensorMemory?[] Memory { get; }

    /// <summary>Whether every list that is not empty can be walked.</summary>
    public bool AreInMemory => !Lists.Zip(Memory).Any(pair => pair.First.Length > 0 && pair.Second is null);

    public bool AreOf(IReadOnlyList<ParameterState> states)
    {
        if (states.Count != _states.Length) return false;
        for (var i = 0; i < _states.Length; i++)
        {
            if (!ReferenceEquals(_states[i].State, states[i]) || _states[i].Version != states[i].Version) return false;
        }
        return true;
    }

    private static Tensor[] List(IReadOnlyList<ParameterState> states, int number)
    {
        var tensors = new Tensor[states.Count];
        for (var i = 0; i < tensors.Length; i++)
        {
            if (states[i].At(number) is not { } tensor) return [];
            tensors[i] = tensor;
        }
        return tensors;
    }
}
