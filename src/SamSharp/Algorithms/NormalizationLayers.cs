using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>Which parameters belong to normalisation layers.</summary>
public static class NormalizationLayers
{
    /// <summary>Those whose name contains "norm" or "bn", in lower case, as mueller-mp/SAM-ON chooses them. It misses names such as "ln_1" or "LayerNorm"; prefer <see cref="Of"/>.</summary>
    /// <exception cref="InvalidOperationException">The optimizer was not told its parameters' names.</exception>
    public static bool Named(ParameterSlot slot)
    {
        ArgumentNullException.ThrowIfNull(slot);
        var name = slot.RequireName("whether it belongs to a normalisation layer");
        return name.Contains("norm", StringComparison.Ordinal) || name.Contains("bn", StringComparison.Ordinal);
    }

    /// <summary>The own parameters of all modules within <paramref name="module"/> whose type's name contains "Norm", in any case: TorchSharp's BatchNorm, LayerNorm, GroupNorm and
    /// InstanceNorm, and layers of one's own such as RMSNorm.</summary>
    public static Func<ParameterSlot, bool> Of(nn.Module module)
    {
        ArgumentNullException.ThrowIfNull(module);
        var handles = module.named_modules().Select(child => child.module).Prepend(module)
            .Where(child => child.GetType().Name.Contains("norm", StringComparison.OrdinalIgnoreCase))
            .SelectMany(child => child.parameters(false)).Select(parameter => parameter.Handle).ToHashSet();
        return slot => handles.Contains(slot.Parameter.Handle);
    }
}
