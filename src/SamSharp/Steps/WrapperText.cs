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
            Invariant($"SharpnessAwareOptimizer around {services.Base.Name}: {Recipe(options)}, rho {options.Rho}, {services.Steps} steps made"),
            .. services.Table.Groups.Select((group, i) =>
                Invariant($"  group {i}: {Count(groups.GetValueOrDefault(i) ?? [])}, learning rate {rates[i]}, {Radius(group, options)}")),
        ]);
    }

    // The parts that are not plain SAM's.
    private static string Recipe(SharpnessAwareOptions options)
    {
        (object Part, Type Plain)[] parts =
        [
            (options.Direction, typeof(GradientDirection)), (options.Geometry, typeof(EuclideanGeometry)),
            (options.Schedule, typeof(ConstantRadius)), (options.Combiner, typeof(PerturbedGradient)),
        ];
        var others = parts.Where(part => part.Part.GetType() != part.Plain).Select(part => part.Part.GetType().Name).ToList();
        if (options.AscentSteps > 1) others.Add(Invariant($"{options.AscentSteps} ascents"));
        return others.Count == 0 ? "SAM" : $"SAM with {string.Join(", ", others)}";
    }

    private static string Radius(SharpnessGroup group, SharpnessAwareOptions options) =>
        group.Perturbed ? Invariant($"rho {group.Rho ?? options.Rho}") : "not perturbed";

    private static string Count(List<ParameterSlot> slots) => Invariant(
        $"{slots.Count} parameter{(slots.Count == 1 ? "" : "s")} with {slots.Sum(slot => slot.Parameter.NumberOfElements)} weights");
}
