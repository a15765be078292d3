using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>The tensors of some states, by their number, and where they lie: known from step to step, until a state gets others.</summary>
internal sealed class StateTensors
{
    private readonly (FusedState State, int Version)[] _states;

    public StateTensors(IReadOnlyList<FusedState> states)
    {
        _states = new (FusedState, int)[states.Count];
        for (var i = 0; i < _states.Length; i++) _states[i] = (states[i], states[i].Version);
        Lists = Enumerable.Range(0, states[0].TensorCount).Select(number => List(states, number)).ToArray();
        Memory = TensorMemory.Of(null, Lists.Where(list => list.Length > 0).ToArray());
    }

    /// <summary>A list for each number of a tensor, empty where a state has no such tensor.</summary>
    public Tensor[][] Lists { get; }

    /// <summary>The addresses of the lists that are not empty. It holds no memory of its own but tables, which the collector takes.</summary>
    public TensorMemory? Memory { get; }

    public bool AreOf(IReadOnlyList<FusedState> states)
    {
        if (states.Count != _states.Length) return false;
        for (var i = 0; i < _states.Length; i++)
        {
            if (!ReferenceEquals(_states[i].State, states[i]) || _states[i].Version != states[i].Version) return false;
        }
        return true;
    }

    private static Tensor[] List(IReadOnlyList<FusedState> states, int number)
    {
        var tensors = new Tensor[states.Count];
        for (var i = 0; i < tensors.Length; i++)
        {
            if (states[i].TensorAt(number) is not { } tensor) return [];
            tensors[i] = tensor;
        }
        return tensors;
    }
}
