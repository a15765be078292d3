using static System.FormattableString;

namespace SamSharp.Steps;

/// <summary>What a wrapper is, for people.</summary>
internal static class WrapperText
{
    /// <summary>A line for the wrapper, and one for each param group.</summary>
    public static string Of(StepServices services)
    {
        var options = services.Options;
        var groups = services.Table.Slots.GroupBy(slot => slot.Group).ToDictionary(group => group.Key, group => group.ToList());
        var rates = services.Base.Optimizer.ParamGroups.Select(group => group.LearningRate).ToArray();
        return string.Join(Environment.NewLine, [
            Invariant($"SharpnessAwareOptimizer around {services.Base.Name}: {RecipeName.Of(options)}, rho {options.Rho}{Ascents(options)}, ") +
                Invariant($"steps made: {services.Steps}"),
            .. services.Table.Groups.Select((group, i) =>
                Invariant($"  group {i}: {Count(groups.GetValueOrDefault(i) ?? [])}, learning rate {rates[i]}, {Radius(group, options)}")),
        ]);
    }

    private static string Ascents(SharpnessAwareOptions options) =>
        options.AscentSteps > 1 ? Invariant($", {options.AscentSteps} ascents") : "";

    private static string Radius(SharpnessGroup group, SharpnessAwareOptions options) =>
        group.Perturbed ? Invariant($"rho {group.Rho ?? options.Rho}") : "not perturbed";

    private static string Count(List<ParameterSlot> slots) => Invariant(
        $"{slots.Count} parameter{(slots.Count == 1 ? "" : "s")} with {slots.Sum(slot => slot.Parameter.NumberOfElements)} weights");
}
