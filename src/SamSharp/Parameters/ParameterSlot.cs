using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Steps;

/// <summary>One parameter of the base optimizer, and where it stands.</summary>
public sealed class ParameterSlot
{
    private Tensor? _home; // an alias of the parameter's own storage

    internal ParameterSlot(Parameter parameter, int index, int group, string? name)
    {
        Parameter = parameter;
        Index = index;
        Group = group;
        Name = name;
    }

    /// <summary>The parameter itself.</summary>
    public Parameter Parameter { get; }

    /// <summary>Its place among all parameters of the optimizer, from 0.</summary>
    public int Index { get; }

    /// <summary>The index of its param group.</summary>
    public int Group { get; }

    /// <summary>Its name in the module that the optimizer was given, or null.</summary>
    public string? Name { get; }

    /// <summary>The gradient read last; null when the parameter had none. Owned by the parameter table.</summary>
    internal Tensor? Gradient { get; set; }

    /// <summary>The gradient at w, kept through the second pass for a combiner that needs it. Owned by the parameter table.</summary>
    internal Tensor? AscentGradient { get; set; }

    /// <summary>The final gradient, where a combiner handed over another than the one read last. Owned by the parameter table.</summary>
    internal Tensor? HandedOver { get; set; }

    /// <summary>The gradient that the base optimizer is to step with; null when there is none.</summary>
    internal Tensor? Final => HandedOver ?? Gradient;

    /// <summary>Whether the parameter can be given another storage for a while, and is large enough for that to pay. It must be alone in its own: no view of
    /// a larger buffer, and no other tensor of the module in the same place.</summary>
    internal bool IsExchangeable { get; set; }

    /// <summary>As large as the weights: for perturbed weights, or for the weights while they are perturbed. Made when first needed, then kept.</summary>
    internal Tensor? Buffer { get; set; }

    /// <summary>Whether the weights are perturbed and kept somewhere.</summary>
    internal bool IsSaved { get; set; }

    /// <summary>Gives the parameter the buffer's storage; it stays the same leaf to autograd. Call it without recording gradients.</summary>
    internal void LeaveHome()
    {
        _home ??= empty(0, Parameter.dtype, Parameter.device).DetachFromDisposeScope();
        _home.set_(Parameter);
        Parameter.set_(Buffer!);
        IsSaved = true;
    }

    /// <summary>Gives the parameter its own storage back.</summary>
    internal void ReturnHome()
    {
        Parameter.set_(_home!);
        IsSaved = false;
    }

    internal void DisposeBuffer()
    {
        Buffer?.Dispose();
        _home?.Dispose();
        Buffer = _home = null;
    }

    /// <summary>The name, where a choice depends on it.</summary>
    internal string RequireName(string toKnow) => Name ?? throw new InvalidOperationException(
        $"{Describe()} has no name, so {toKnow} is not known. Set the option Module, which gives parameters their names.");

    internal string Describe() =>
        $"parameter {Index}{(Name is null ? "" : $" ({Name})")} of group {Group}, shape [{string.Join(", ", Parameter.shape)}]";
}
