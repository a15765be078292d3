using SamSharp.Steps;
using static TorchSharp.torch.optim;

namespace SamSharp;

/// <content>The radii of a step.</content>
public partial class SharpnessAwareOptimizer
{
    /// <summary>Sets every param group's radius for the step that begins, and with it whether the step perturbs at all.</summary>
    private void BeginStep()
    {
        _closure = _ascentClosure = null;
        _broken = false;
        LastStep.Begin(_steps + 1);
        SetRadii(null);
    }

    /// <summary>The radius of every param group, before the first pass or, when its outcome is given, after it.</summary>
    private void SetRadii(FirstPass? measured)
    {
        var groups = BaseOptimizer.ParamGroups.ToArray();
        if (_radii.Length != groups.Length) _radii = new double[groups.Length];
        for (var i = 0; i < groups.Length; i++) _radii[i] = RadiusOf(groups[i], i, measured);
        var largest = 0.0;
        foreach (var list in _table.Lists)
        {
            list.LearningRate = groups[list.Group].LearningRate;
            if (list.IsPerturbed) largest = Math.Max(largest, _radii[list.Group]);
        }
        LastStep.Set(largest);
    }

    private double RadiusOf(ILearningRateController group, int index, FirstPass? measured)
    {
        var sharpness = Groups[index];
        if (!sharpness.Perturbed) return 0;
        var step = new StepInfo(_steps + 1, group.LearningRate, group.InitialLearningRate, index);
        var radius = measured is null ? _options.Radius.At(step, sharpness.Rho ?? _options.Rho)
            : _radii[index] == 0 ? 0 : _options.Radius.After(step, _radii[index], measured);
        return double.IsFinite(radius) && radius >= 0
            ? radius
            : throw new InvalidOperationException($"The radius schedule gave {radius} for group {index} in step {step.Step}; a radius is a finite number of at least 0.");
    }
}
