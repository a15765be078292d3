using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One step, from the gradient at w to the gradient that the base optimizer gets. Holds what lives no longer than a step; until it is complete, disposing undoes it.</summary>
internal sealed class SharpnessStep : IDisposable
{
    private readonly StepServices _services;
    private readonly GroupRadii _radii;
    private Descent? _descent;
    private Tensor? _loss;
    private bool _isUsable = true, _isComplete;

    public SharpnessStep(StepServices services)
    {
        _services = services;
        services.Report.Begin(services.Steps + 1);
        services.Statistics.Begin();
        services.Random.Begin();
        _radii = new GroupRadii(services);
    }

    public Ascent? Ascent { get; private set; }

    public bool NeedsFirstPass => Options.Direction.NeedsGradients(Report.Step) || KeepsAscentGradients;

    public StepServices Services => _services;

    private SharpnessAwareOptions Options => _services.Options;

    private StepReport Report => _services.Report;

    /// <summary>Further passes start from the gradients at w again, unless the direction needs none.</summary>
    private bool KeepsAscentGradients => Options.Combiner.NeedsAscentGradients || Options.CompareGradients
        || (Options.Combiner.NeedsFurtherPasses && Options.Direction.NeedsGradients(Report.Step));

    /// <summary>From w to the final gradients, with the weights back at w.</summary>
    /// <returns>The loss at w, or at w + e where there is no pass at w, as the closure returned it.</returns>
    public Tensor Run(Func<Tensor> closure, IReadOnlyList<AscentStage> ascents, int draw = 0)
    {
        var first = ascents[0].Closure;
        Report.LossTensor = Report.PerturbedLossTensor = null;
        _radii.Schedule();
        if (!Report.Perturbed) return Plain(closure, known: null);
        _services.Random.BeginPasses(Report.Step, draw, _services.Table.IsOnCuda);
        if (NeedsFirstPass)
        {
            Report.LossTensor = _loss = _services.Table.Evaluate(first);                 // g at w
            ReadFirstPass();
            if (!Report.Perturbed) return Plain(closure, known: first);                  // the schedule has seen g and called the ascent off
        }
        Climb(ascents[0].Scale, draw);                                                   // w -> w + e
        foreach (var next in ascents.Skip(1))
        {
            EvaluateAgain(next.Closure).Dispose();
            _services.Table.RequireGradients("first", perturbed: false);
            Climb(next.Scale, draw);
        }
        using (var again = _loss is null ? null : EvaluateAgain(closure))                // g+ at w + e
            Report.PerturbedLossTensor = again ?? (_loss = _services.Table.Evaluate(closure));
        Combine("second", closure, first);
        return TakeLoss();
    }

    /// <summary>Takes up the gradients at w, and asks for the radius again now that they are known.</summary>
    public void ReadFirstPass()
    {
        _services.Table.RequireGradients("first", perturbed: false);
        _services.Statistics.Save();
        if (Report.Perturbed) _radii.Revise(new FirstPassReport(_services, NormOfGradients));
    }

    /// <summary>The first phase of a two-phase loop: from the gradients that the parameters hold to w + e.</summary>
    public void Ascend()
    {
        _radii.Schedule();
        if (NeedsFirstPass) ReadFirstPass();
        Climb(1, draw: 0);
    }

    /// <summary>Moves the weights along the direction that their gradients give, and clears the gradients. Stays where it is in a plain step.</summary>
    private void Climb(double scale, int draw)
    {
        if (Report.Perturbed)
        {
            if (NeedsFirstPass) _isUsable = _isUsable && _services.CanRemember();
            else _services.Table.TakeUpAll();
            Ascent?.Dispose();
            if (_isUsable) Move(Ascent = NewAscent(draw), scale);
            if (KeepsAscentGradients) _services.Table.KeepForCombiner();
        }
        if (!KeepsAscentGradients) _services.Table.ReleaseGradients();
        _services.Table.ClearGradients();
    }

    /// <summary>Finds e, and moves the weights by <paramref name="scale"/> e.</summary>
    public void Move(Ascent ascent, double scale)
    {
        if (ascent.Buckets.Count == 0) return;
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        SetRadii(ascent, scale);
        Options.Direction.Aim(ascent);
        _services.Weights.Move(ascent.Buckets, () =>
        {
            var norm = Options.Geometry.Norm(ascent);
            Report.DirectionNormTensor ??= norm;
            Options.Geometry.Perturb(ascent, norm);
            if (Options.Combiner.NeedsFurtherPasses) ascent.Keep(norm, scope);
        });
    }

    /// <summary>From the gradients of the last pass to the final ones, with the weights put back bit for bit.</summary>
    public void Combine(string pass, Func<Tensor>? closure = null, Func<Tensor>? ascentClosure = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _services.Table.RequireGradients(pass, Report.Perturbed);
        _isUsable = _isUsable && _services.CanRemember();
        var further = closure is null ? null : new FurtherPasses(this, _services, scope, closure, ascentClosure ?? closure);
        _descent = new Descent(_services, _services.Table.Filled, further);
        if (_services.Memory.IsOurs && !Options.Combiner.NeedsFurtherPasses) _services.Memory.BeCertain();
        if (_isUsable && Report.Perturbed)
        {
            Options.Combiner.Inspect(_descent);
            Options.Direction.Observe(_descent);
        }
        _services.PutBack();
        if (!_isUsable) return;
        if (Options.CompareGradients && Report.Perturbed) Report.GradientCosineTensor = Cosine(_descent);
        if (Report.Perturbed) Options.Combiner.Combine(_descent);
        else Options.Combiner.Plain(_descent);
        if (!Options.Combiner.LeavesGradients && Report.Perturbed) _services.Table.ReadHandedOver();
    }

    /// <summary>The base optimizer's step with the gradients in place, unless a number is not finite. Completes the step.</summary>
    public void StepBase()
    {
        var acts = Report.Perturbed && Options.Combiner.ActsAfterStep && _descent is not null;
        using var foundInf = _isUsable && Options.SkipNonFinite ? _services.FindNonFinite() : null;
        if (!_isUsable || !_services.Base.TryStep(_services.Table, foundInf, acts, Report))
        {
            Skip();
            return;
        }
        if (acts)
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            Options.Combiner.AfterStep(_descent!);
        }
        _services.Steps++;
        Complete();
    }

    /// <summary>What the parts remember counts from here on.</summary>
    public void Complete()
    {
        _services.Memory.Commit();
        _isComplete = true;
    }

    public void SetRadii(Ascent ascent, double scale)
    {
        foreach (var bucket in ascent.Buckets) bucket.Radius = _radii[bucket.Group] * scale;
    }

    public Ascent NewAscent(int draw) => new(_services,
        _services.Table.Filled.Where(bucket => bucket.IsPerturbed && _services.Table.Groups[bucket.Group].Perturbed).ToArray(), draw);

    /// <summary>A further pass of the same step. Its loss is ours to free, unless the closure returns one and the same tensor each time.</summary>
    public Tensor EvaluateAgain(Func<Tensor> closure)
    {
        _services.Random.Rewind(_services.Table.IsOnCuda);
        var loss = _services.Table.Evaluate(closure);
        var kept = loss.detach();
        if (!ReferenceEquals(loss, _loss)) loss.Dispose();
        return kept;
    }

    /// <summary>Puts the weights back, frees what the step holds and, unless it is complete, undoes what it has changed.</summary>
    public void Dispose()
    {
        _services.PutBack();
        _services.Table.ReleaseGradients();
        Ascent?.Dispose();
        _loss?.Dispose();
        _services.Random.End(_isComplete);
        if (_isComplete) return;
        _services.Memory.Rollback();
        _services.Statistics.Rollback();
    }

    /// <summary>One pass at w, which is all there is when the radius is 0.</summary>
    private Tensor Plain(Func<Tensor> closure, Func<Tensor>? known)
    {
        if (known != closure)
        {
            _loss?.Dispose();
            Report.LossTensor = _loss = _services.Table.Evaluate(closure);
        }
        Combine("only", closure);
        return TakeLoss();
    }

    private void Skip()
    {
        _services.Steps++;
        Report.Skip();
        _services.Memory.Rollback();
        _services.Statistics.Rollback();
        _isComplete = true;
    }

    private Tensor TakeLoss()
    {
        (var loss, _loss) = (_loss!, null);
        return loss;
    }

    private double NormOfGradients()
    {
        using var scope = NewDisposeScope();
        var ascent = NewAscent(0);
        return ascent.GlobalNorm(bucket => ascent.Norm(bucket.AtWeights)).Value();
    }

    private static Tensor Cosine(Descent descent)
    {
        var squares = Descent.Sum(descent.Pairs, pair => descent.Dot(pair.AtWeights, pair.AtWeights))
            .mul(Descent.Sum(descent.Pairs, pair => descent.Dot(pair.AtPerturbed, pair.AtPerturbed)));
        return descent.Product().div(squares.sqrt());
    }
}
