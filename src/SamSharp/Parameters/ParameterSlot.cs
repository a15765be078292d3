using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One parameter of the base optimizer: its index, param group and name.</summary>
public sealed class ParameterSlot
{
    private Tensor? _home; // an alias of the parameter's own storage

    internal ParameterSlot(Parameter parameter, int index, int group, string? name)
    {
        Parameter = parameter;
        Index = index;
        Group = group;
        Name = name;
        Kind = TensorKind.Of(parameter);
    }

    /// <summary>The parameter itself.</summary>
    public Parameter Parameter { get; }

    /// <summary>Its index among all parameters of the optimizer, from 0.</summary>
    public int Index { get; }

    /// <summary>The index of its param group.</summary>
    public int Group { get; }

    /// <summary>Its name in <see cref="SharpnessAwareOptions.Module"/>, or null.</summary>
    public string? Name { get; }

    /// <summary>Shape, type and device, as they were when the optimizer was built; a gradient must have the same.</summary>
    internal TensorKind Kind { get; }

    /// <summary>The gradient read last; null if the parameter had none. Owned by the parameter table.</summary>
    internal Tensor? Gradient { get; set; }

    /// <summary>The gradient at w, kept through the second pass for a combiner that needs it. Owned by the parameter table.</summary>
    internal Tensor? AscentGradient { get; set; }

    /// <summary>The final gradient, if a combiner handed over another one than was read last. Owned by the parameter table.</summary>
    internal Tensor? HandedOver { get; set; }

    /// <summary>The gradient that the base optimizer steps with; null if there is none.</summary>
    internal Tensor? Final => HandedOver ?? Gradient;

    /// <summary>Whether the parameter can temporarily point to another storage, and is large enough for that to pay off. It must be alone in its
    /// storage: not a view of a larger buffer, and without another tensor of the module in the same place.</summary>
    internal bool IsExchangeable { get; set; }

    /// <summary>A buffer of the weights' size for the perturbed weights, or for a copy of the weights while they are perturbed. Created when first
    /// needed, then kept.</summary>
    internal Tensor? Buffer { get; set; }

    /// <summary>Whether the weights are perturbed and kept somewhere.</summary>
    internal bool IsSaved { get; set; }

    /// <summary>Points the parameter to the buffer's storage; to autograd it stays the same leaf. Call it without recording gradients.</summary>
    internal void LeaveHome()
    {
        _home ??= empty(0, Parameter.dtype, Parameter.device).DetachFromDisposeScope();
        _home.set_(Parameter);
        Parameter.set_(Buffer!);
        IsSaved = true;
    }

    /// <summary>Points the parameter back to its own storage, if it has left it and has not been disposed since.</summary>
    internal void ReturnHome()
    {
        if (IsSaved && !Parameter.IsInvalid) Parameter.set_(_home!);
        IsSaved = false;
    }

    internal void DisposeBuffer()
    {
        Buffer?.Dispose();
        _home?.Dispose();
        Buffer = _home = null;
    }

    /// <summary>The name, for a choice that depends on it.</summary>
    /// <exception cref="InvalidOperationException">The parameter has no name.</exception>
    internal string RequireName(string toKnow) => Name ?? throw new InvalidOperationException(
        $"{Describe()} has no name, so {toKnow} is not known. Set the option Module, which gives parameters their names.");

    internal string Describe() =>
        $"parameter {Index}{(Name is null ? "" : $" ({Name})")} of group {Group}, shape [{string.Join(", ", Parameter.shape)}]";
}
