using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One step, from the gradient at w to the gradient that the base optimizer gets. It holds what lives no longer than a step.</summary>
internal sealed class SharpnessStep : IDisposable
{
    private readonly StepServices _services;
    private readonly GroupRadii _radii;
    private readonly Perturbation _perturbation;
    private Ascent? _ascent;
    private Descent? _descent;
    private Tensor? _loss; // until it is handed out
    private bool _isUsable = true; // false once a number is not finite, which parts must not remember

    public SharpnessStep(StepServices services)
    {
        _services = services;
        services.Begin();
        _radii = new GroupRadii(services);
        _perturbation = new Perturbation(services, _radii);
    }

    private SharpnessAwareOptions Options => _services.Options;
    private StepReport Report => _services.Report;

    /// <summary>Goes from w to the final gradients, with the weights back at w. Returns the loss at w, or at w + e without a pass at w.</summary>
    public Tensor Run(Func<Tensor> closure, IReadOnlyList<AscentStage> ascents, int draw = 0)
    {
        Report.LossTensor = Report.PerturbedLossTensor = null;
        _radii.Schedule();
        if (!Report.Perturbed) return Plain(closure, known: null);
        _services.Random.BeginPasses(Report.Step, _services.Peers.DrawOf(draw), _services.Table.IsOnCuda);
        if (_services.NeedsFirstPass)
        {
            Report.LossTensor = _loss = _services.Table.Evaluate(ascents[0].Closure);    // g at w
            ReadFirstPass();
            if (!Report.Perturbed) return Plain(closure, known: ascents[0].Closure);     // the schedule has seen g and called the ascent off
        }
        Climb(ascents[0], draw);                                                         // w -> w + e
        foreach (var next in ascents.Skip(1))
        {
            using (var loss = EvaluateAgain(next.Closure)) _services.NoteLoss(loss);
            _services.RequireAscentGradients();
            Climb(next, draw);
        }
        _services.Activities.Enter(StepActivities.Descent, Report.Step);
        using (var again = _loss is null ? null : EvaluateAgain(closure))                // g+ at w + e
            Report.PerturbedLossTensor = again ?? (_loss = _services.Table.Evaluate(closure));
        Combine("second", closure, ascents[0].Closure);
        return Interlocked.Exchange(ref _loss, null)!;
    }

    /// <summary>The first phase of a two-phase loop: moves to w + e by the gradients that the parameters hold.</summary>
    public void Ascend()
    {
        _radii.Schedule();
        if (_services.NeedsFirstPass) ReadFirstPass();
        Climb(null, draw: 0);
        _services.Activities.End();
    }

    /// <summary>Turns the gradients of the last pass into the final ones, with the weights put back bit for bit.</summary>
    public void Combine(string pass, Func<Tensor>? closure = null, Func<Tensor>? ascentClosure = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _services.Table.RequireGradients(pass, Report.Perturbed);
        _isUsable = _isUsable && _services.CanRemember();
        _descent = new Descent(_services, _services.Table.Filled, closure is null ? null
            : new FurtherPasses(this, _services, _perturbation, scope, _ascent, closure, ascentClosure ?? closure));
        if (_services.CannotFail) _services.Memory.BeCertain();
        if (_isUsable && Report.Perturbed)
        {
            Options.Combiner.Inspect(_descent);
            Options.Direction.Observe(_descent);
        }
        _services.PutBack();                                                             // w + e -> w
        if (!_isUsable) return;
        if (Options.CompareGradients && Report.Perturbed) Report.GradientCosineTensor = _descent.Cosine();
        if (Report.Perturbed) Options.Combiner.Combine(_descent);
        else Options.Combiner.Plain(_descent);
        if (Report.Perturbed && !Options.Combiner.LeavesGradients) _services.Table.ReadHandedOver();
    }

    /// <summary>Makes the base optimizer's step with the final gradients, unless a number is not finite.</summary>
    public void StepBase()
    {
        _isUsable = _services.FinishGradients(_isUsable);                                // means over all processes, of limited norm
        var acts = Report.Perturbed && Options.Combiner.ActsAfterStep && _descent is not null;
        using var foundInf = _isUsable && Options.SkipNonFinite ? _services.FindNonFinite(losses: !_services.Peers.Exist) : null;
        if (_isUsable) _services.BeforeStep(foundInf);
        var made = _isUsable && _services.Base.TryStep(_services.Table, foundInf, acts || _services.Peers.Exist, Report);
        if (made) _services.AfterStep(acts ? _descent : null, foundInf);
        _services.Count(made, foundInf);
    }

    /// <summary>Makes a further pass of the same step. Its loss is ours to free, unless the closure returns the same tensor each time.</summary>
    public Tensor EvaluateAgain(Func<Tensor> closure)
    {
        _services.Random.Rewind(_services.Table.IsOnCuda);
        var loss = _services.Table.Evaluate(closure);
        var kept = loss.detach();
        if (!ReferenceEquals(loss, _loss)) loss.Dispose();
        return kept;
    }

    /// <summary>Puts the weights back, frees what the step holds and, unless the step has ended, undoes its changes.</summary>
    public void Dispose()
    {
        _services.PutBack();
        _services.Table.ReleaseGradients();
        _ascent?.Dispose();
        _loss?.Dispose();
        _services.UndoUnlessEnded();
    }

    /// <summary>Takes up the gradients at w, and asks for the radius again now that they are known.</summary>
    private void ReadFirstPass()
    {
        _services.RequireAscentGradients();
        _services.Statistics.Save();
        if (Report.Perturbed) _radii.Revise(new FirstPassReport(_services, _perturbation));
    }

    /// <summary>Moves the weights along the direction that the gradients give, and clears the gradients. In a plain step the weights stay.</summary>
    private void Climb(AscentStage? stage, int draw)
    {
        if (Report.Perturbed)
        {
            if (_services.NeedsFirstPass) _isUsable = _isUsable && _services.CanRemember();
            else _services.Table.TakeUpAll();
            _ascent?.Dispose();
            if (_isUsable) _perturbation.Move(_ascent = _perturbation.New(_services.Peers.DrawOf(draw)), stage?.Scale ?? 1, stage?.Geometry);
        }
        _services.Table.EndAscent(keeps: Report.Perturbed && (_services.KeepsAscentGradients || stage?.KeepsGradients == true));
    }

    /// <summary>Makes the one pass of a step whose radius is 0.</summary>
    private Tensor Plain(Func<Tensor> closure, Func<Tensor>? known)
    {
        if (known != closure)
        {
            _loss?.Dispose();
            Report.LossTensor = _loss = _services.Table.Evaluate(closure);
        }
        Combine("only", closure);
        return Interlocked.Exchange(ref _loss, null)!;
    }
}
