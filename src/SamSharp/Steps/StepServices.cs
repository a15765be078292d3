using SamSharp.Kernels;
using SamSharp.MixedPrecision;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>What outlives a step: options, parameters, buffers for the weights, what the recipe remembers, counters. Every
/// <see cref="SharpnessStep"/> works with it.</summary>
internal sealed class StepServices : IDisposable
{
    private bool _isOpen;
    private Tensor? _otherLosses; // the sum of the losses that the report has no place for

    public StepServices(SharpnessAwareOptions options, optim.Optimizer baseOptimizer)
    {
        Options = options;
        Base = new GuardedBase(baseOptimizer);
        Kernels = options.GivenKernels ?? KernelSets.Of(options.Kernels);
        Scale = options.LossScaler is { } scaler ? new LossScale(scaler, () => Table!.Buckets[0].Device) : null;
        Table = new ParameterTable(options.Module, options.Geometry.Treatment, options.Geometry.Perturbs, Scale);
        Weights = new WeightScope(Kernels);
        Statistics = new RunningStatistics(options.Module);
        Random = new RandomReplay(options.ReplayRandomness, options.ReplaySeed);
        Memory = new RecipeMemory(options);
        Peers = new StepPeers(this);
        Meter = new StepMeter(options);
        Activities = new StepActivities(options);
    }

    public SharpnessAwareOptions Options { get; }

    public GuardedBase Base { get; }

    public ITensorListKernels Kernels { get; }

    public ParameterTable Table { get; }

    /// <summary>The scale of the losses; null if they have none.</summary>
    public LossScale? Scale { get; }

    public WeightScope Weights { get; }

    public RunningStatistics Statistics { get; }

    public RandomReplay Random { get; }

    public RecipeMemory Memory { get; }

    public StepPeers Peers { get; }

    public StepReport Report { get; } = new();

    /// <summary>What the step has changed before the base optimizer's turn.</summary>
    public KeptValues Kept { get; } = new();

    /// <summary>Tells listeners of each step.</summary>
    public StepMeter Meter { get; }

    /// <summary>Shows the phases of each step to tracing tools.</summary>
    public StepActivities Activities { get; }

    /// <summary>How many times the weights have been moved in this step; each time draws other random numbers to round by.</summary>
    public int Moves { get; set; }

    /// <summary>How many steps have been made, skipped ones included.</summary>
    public long Steps { get; set; }

    /// <summary>Whether the step needs the gradients at w.</summary>
    public bool NeedsFirstPass => Options.Direction.NeedsGradients(Report.Step) || KeepsAscentGradients;

    /// <summary>Whether the gradients at w are kept until the gradients are combined. Further passes start from
    /// them, unless the direction needs none.</summary>
    public bool KeepsAscentGradients => Options.Combiner.NeedsAscentGradients || Options.CompareGradients
        || (Options.Combiner.NeedsFurtherPasses && Options.Direction.NeedsGradients(Report.Step));

    /// <summary>Whether nothing can throw any more once gradients are combined: no user code runs then, no further pass, and no
    /// other process can call the step off.</summary>
    public bool CannotFail => Memory.IsOurs && !Options.Combiner.NeedsFurtherPasses && !Peers.Exist;

    /// <summary>Begins a step, and remembers what undoing it takes.</summary>
    public void Begin()
    {
        Table.RequireUnchanged();
        foreach (var (i, group) in Base.Optimizer.ParamGroups.Index())
        {
            if (!double.IsFinite(group.LearningRate))
                throw new InvalidOperationException($"The learning rate of param group {i} is {group.LearningRate}; it must be a finite number.");
        }
        (_isOpen, Moves) = (true, 0);
        ForgetLosses();
        Scale?.Begin();
        Report.Begin(Steps + 1);
        Statistics.Begin();
        Random.Begin();
    }

    /// <summary>Records the loss of a further pass, which must be finite like every other loss.</summary>
    public void NoteLoss(Tensor loss)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var sum = loss.detach().to(ScalarType.Float64, copy: true).reshape([]);
        if (_otherLosses is not null) sum = sum.Plus(_otherLosses.to(sum.device));
        ForgetLosses();
        _otherLosses = sum.DetachFromDisposeScope();
    }

    /// <summary>Takes up the gradients at w, or at the end of an ascent that another one follows.</summary>
    public void RequireAscentGradients()
    {
        Table.RequireGradients("first", perturbed: false);
        Peers.AverageAscent();
    }

    /// <summary>Lets the combiner move the weights before the base optimizer's step with the final gradients, if it is made.</summary>
    public void BeforeStep(Tensor? foundInf)
    {
        if (Options.Combiner is not IActsAroundStep combiner) return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        combiner.BeforeStep(this, foundInf?.SubtractedFrom(1));
    }

    /// <summary>Averages the final gradients over all processes, and limits their norm.</summary>
    /// <returns>Whether the numbers are usable on all processes.</returns>
    public bool FinishGradients(bool isUsable)
    {
        Activities.Enter(StepActivities.BaseStep, Report.Step);
        isUsable = Peers.AverageFinal(isUsable);
        if (isUsable) FinalGradient.Finish(this);
        return isUsable;
    }

    /// <summary>Lets the combiner act after the base optimizer's step.</summary>
    /// <param name="descent">The gradients, if the step was perturbed.</param>
    /// <param name="foundInf">As for <see cref="BeforeStep"/>.</param>
    public void AfterStep(Descent? descent, Tensor? foundInf)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (descent is not null) Options.Combiner.AfterStep(descent);
        if (Options.Combiner is IActsAroundStep combiner) combiner.AfterStep(this, foundInf?.SubtractedFrom(1));
        if (!Options.Combiner.ActsAfterStep) return;
        Peers.AverageWeights();
        Base.RoundMasters(Table.Slots);
    }

    /// <summary>Counts a step, adapts the scale of the losses, and ends the step.</summary>
    /// <param name="made">False if it was skipped, as far as known.</param>
    /// <param name="foundInf">What <see cref="FindNonFinite"/> gave; null if it was not asked.</param>
    public void Count(bool made, Tensor? foundInf)
    {
        if (!made) Report.Skip();
        Steps++;
        Scale?.Update(foundInf);
        End(made);
        Meter.Record(Report);
    }

    /// <summary>Ends a step. A skipped step leaves the recipe's memory and the running statistics as it found them.</summary>
    public void End(bool made)
    {
        _isOpen = false;
        Activities.End();
        ForgetLosses();
        Kept.Dispose();
        if (made) Memory.Commit();
        else Memory.Rollback();
        if (!made) Statistics.Rollback();
    }

    /// <summary>Undoes a step that has failed or was given up; this also resets the random numbers to where the step found them.</summary>
    public void UndoUnlessEnded()
    {
        if (_isOpen)
        {
            Activities.End(failed: true);
            Kept.Return();
            End(made: false);
            Random.Rollback();
            Report.Abandon(Steps);
        }
        Random.Dispose();
    }

    /// <summary>1 if a number of the step is not finite, else 0; a float32 on the device of the first parameters.</summary>
    /// <param name="gradients">Whether to look at the final gradients.</param>
    /// <param name="losses">Whether to look at the losses, at the norm of the direction, and at overflows of scaled gradients.</param>
    public Tensor FindNonFinite(bool gradients = true, bool losses = true)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var device = Table.Buckets[0].Device;
        var norms = !gradients ? []
            : Report.GradientNormTensor is { } known ? [known]
            : Table.Buckets.Where(bucket => bucket.Final.Length > 0).Select(bucket => Kernels.Norm(bucket.Final));
        Tensor?[] others = losses ? [Report.LossTensor, Report.PerturbedLossTensor, Report.DirectionNormTensor, _otherLosses] : [];
        var numbers = norms.Concat(others.OfType<Tensor>()).Select(number => number.to(ScalarType.Float64, device).reshape([])).ToArray();
        var all = numbers.Length > 0 ? Kernels.Norm(numbers) : zeros([], device: device);
        var found = all.isfinite().logical_not();
        if (losses && Scale is not null) found = found.logical_or(Scale.FoundOverflow().to(ScalarType.Bool));
        return found.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Whether the parts of the recipe may take up the numbers of this step: a number that is not finite would stay in their memory.
    /// Reads one value from the device if a part remembers something; otherwise it costs nothing.</summary>
    public bool CanRemember()
    {
        if (Memory.IsEmpty || !Options.SkipNonFinite) return true;
        using var found = FindNonFinite();
        return !(found.Value() > 0);
    }

    /// <summary>Puts weights and running statistics back as the first pass left them.</summary>
    public void PutBack()
    {
        Weights.Restore();
        Statistics.Restore();
    }

    public void Dispose()
    {
        PutBack();
        Weights.Dispose();
        Statistics.Dispose();
        Random.Dispose();
        Memory.Dispose();
        Scale?.Dispose();
        Report.Dispose();
        Kept.Dispose();
        ForgetLosses();
    }

    private void ForgetLosses()
    {
        _otherLosses?.Dispose();
        _otherLosses = null;
    }
}
