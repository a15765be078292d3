using SamSharp.Kernels;
using SamSharp.Steps;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Computes gradients at perturbed weights, and puts the weights back bit for bit before anything
/// is updated. A step that throws also leaves random numbers and running statistics as it found them.</summary>
/// <remarks>Running statistics of normalization layers see every pass.</remarks>
internal sealed class PerturbedPasses : IDisposable
{
    private readonly TurnGate _gate;
    private readonly RandomReplay _random = new(replays: false, seed: 0);
    private RunningStatistics _statistics = new(null);

    /// <param name="name">What the optimizer is called in errors.</param>
    public PerturbedPasses(string name) => _gate = new TurnGate(name);

    public ParameterTable Table { get; } = new(null, _ => 0, _ => true);

    public WeightScope Weights { get; } = new(KernelSets.Default);

    /// <summary>The model whose running statistics a step that throws or is skipped leaves as they were.</summary>
    public nn.Module? Module
    {
        get;
        set
        {
            _statistics.Dispose();
            _statistics = new RunningStatistics(field = value);
        }
    }

    /// <summary>The lists that have gradients now.</summary>
    public IReadOnlyList<ParameterBucket> Lists => [.. Table.Filled];

    public void Add(ParamGroup group) => Table.Add(group, group.Parameters, new SharpnessGroup());

    /// <summary>Begins a step, and keeps out other threads and calls from closures until the result is disposed.</summary>
    public StepUnderWay Begin()
    {
        var turn = _gate.Enter();
        try
        {
            Table.RequireUnchanged();
        }
        catch
        {
            turn.Dispose();
            throw;
        }
        _statistics.Begin();
        _random.Begin();
        return new StepUnderWay(this, turn);
    }

    /// <summary>
    /// Sets the weights of all lists to what <paramref name="weight"/> computes from the list, the index in it and the present weight.
    /// </summary>
    public void MoveTo([InDisposeScope] Func<ParameterBucket, int, Tensor, Tensor> weight)
    {
        using var noGradient = no_grad();
        var lists = Lists;
        Weights.Move(lists, () =>
        {
            foreach (var list in lists)
            {
                for (var i = 0; i < list.Parameters.Count; i++)
                {
                    using var scope = NewDisposeScope();
                    list.Results[i].copy_(weight(list, i, list.Weights[i]));
                }
            }
        });
    }

    /// <summary>Whether no number is infinite or NaN; reads one value for each device and type.</summary>
    public static bool AreFinite(IEnumerable<Tensor> tensors)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return tensors.GroupBy(tensor => (tensor.device.ToString(), tensor.dtype))
            .All(list => double.IsFinite(KernelSets.Default.Norm([.. list]).Value()));
    }

    public void Dispose()
    {
        _gate.Close();
        Weights.Dispose();
        _statistics.Dispose();
        _random.Dispose();
    }

    /// <summary>A step. Once disposed, the weights are in place, and a step that has not ended is undone.</summary>
    public sealed class StepUnderWay(PerturbedPasses passes, TurnGate.Turn turn) : IDisposable
    {
        private bool _hasEnded;

        /// <summary>Ends the step. A skipped one leaves running statistics as it found them.</summary>
        public void End(bool made)
        {
            _hasEnded = true;
            if (!made) passes._statistics.Rollback();
        }

        public void Dispose()
        {
            passes.Weights.Restore();
            passes.Table.ReleaseGradients();
            Autocast.DropCopies();
            if (!_hasEnded)
            {
                passes._statistics.Rollback();
                passes._random.Rollback();
            }
            passes._random.Dispose();
            turn.Dispose();
        }
    }
}
