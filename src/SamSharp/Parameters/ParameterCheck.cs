using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>What must be true of a parameter before anything native is done with its weights.</summary>
internal static class ParameterCheck
{
    private const string Moved = "has been disposed. model.to(...) replaces a model's parameters: move the model first, then build the optimizer " +
        "and its wrapper.";

    /// <summary>Why a tensor cannot be a parameter that an optimizer holds, or its value; null if it can.</summary>
    public static string? Objection(Tensor? parameter) =>
        parameter is null ? "is null."
        : parameter.IsInvalid ? Moved
        : parameter.device_type == DeviceType.META ? "is on the meta device, where weights have no numbers. Build the model on a device, or " +
            "move it there and load its weights, before the optimizer."
        : parameter.is_sparse ? "is sparse; only dense parameters can be optimized."
        : !parameter.is_floating_point() ? $"has dtype {parameter.dtype}; only floating point parameters can be optimized."
        : IsRepeated(parameter) ? $"has strides [{string.Join(", ", parameter.stride())}]: several of its elements are one number in memory. " +
            "Clone it first."
        : null;

    /// <summary>What has become of a parameter since its optimizer was built; null if it is as it was. Allocates nothing.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="kind">What it was.</param>
    public static string? Change(Parameter parameter, in TensorKind kind) =>
        parameter.IsInvalid ? Moved
        : kind.Fits(parameter) && (parameter.is_contiguous() || !IsRepeated(parameter)) ? null
        : $"has {TensorKind.Of(parameter)}, strides [{string.Join(", ", parameter.stride())}]; it had {kind} when the optimizer was built. " +
            "Build the optimizer after the change; nothing has moved.";

    /// <summary>Checks that a parameter is what it was when its optimizer was built.</summary>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public static void RequireUnchanged(ParameterSlot slot)
    {
        if (Change(slot.Parameter, slot.Kind) is { } change)
        {
            var name = slot.Name is null ? "" : $" ({slot.Name})";
            throw new InvalidOperationException($"Parameter {slot.Index}{name} of group {slot.Group} {change}");
        }
    }

    /// <summary>Whether a tensor was expanded: several of its elements are one number in memory, which nobody can move apart.</summary>
    public static bool IsRepeated(Tensor tensor)
    {
        var repeats = false;
        for (var i = 0; i < tensor.dim(); i++)
        {
            var size = tensor.size(i);
            if (size == 0) return false;
            repeats |= size > 1 && tensor.stride(i) == 0;
        }
        return repeats;
    }
}
