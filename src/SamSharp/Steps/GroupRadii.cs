using static TorchSharp.torch.optim;

namespace SamSharp.Steps;

/// <summary>The radius of every param group in one step, set by the schedule before the first pass and again after it.</summary>
internal sealed class GroupRadii
{
    private readonly StepServices _services;
    private readonly ILearningRateController[] _groups;
    private readonly double[] _radii;

    public GroupRadii(StepServices services)
    {
        _services = services;
        _groups = services.Base.Optimizer.ParamGroups.ToArray();
        if (_groups.Length != services.Table.Groups.Count)
            throw new InvalidOperationException($"{services.Base.Name} has {_groups.Length} param groups, " +
                $"and {services.Table.Groups.Count} when it was wrapped. Add a group with the wrapper's add_param_group or AddParamGroup.");
        _radii = new double[_groups.Length];
        foreach (var bucket in services.Table.Buckets) bucket.LearningRate = _groups[bucket.Group].LearningRate;
    }

    public double this[int group] => _radii[group];

    /// <summary>Sets the radii as a step begins.</summary>
    public void Schedule() =>
        SetAll((index, info) => _services.Options.Schedule.At(info, _services.Table.Groups[index].Rho ?? _services.Options.Rho));

    /// <summary>Sets the radii again, now that the first pass is known.</summary>
    public void Revise(FirstPassReport first) =>
        SetAll((index, info) => _radii[index] == 0 ? 0 : _services.Options.Schedule.After(first, info, _radii[index]));

    private void SetAll(Func<int, StepInfo, double> radius)
    {
        for (var i = 0; i < _groups.Length; i++) _radii[i] = _services.Table.Groups[i].Perturbed ? Checked(radius(i, InfoOf(i)), i) : 0;
        var largest = 0.0;
        foreach (var bucket in _services.Table.Buckets)
        {
            if (bucket.IsPerturbed) largest = Math.Max(largest, _radii[bucket.Group]);
        }
        _services.Report.Set(largest);
        _services.Activities.Enter(_services.Report.Perturbed ? StepActivities.Ascent : StepActivities.Descent, _services.Report.Step);
    }

    private StepInfo InfoOf(int index) => new(_services.Report.Step, _groups[index].LearningRate, _groups[index].InitialLearningRate, index);

    private double Checked(double radius, int group) => double.IsFinite(radius) && radius >= 0 ? radius : throw new InvalidOperationException(
        $"The radius schedule gave {radius} for group {group} in step {_services.Report.Step}; a radius is a finite number of at least 0.");
}
