namespace SamSharp;

/// <summary>
/// Says that every caller has a dispose scope open on this thread, which holds the tensors made here until it ends. On a parameter: the function
/// given for it is called in a scope.
/// The analyzer SAM0001 believes it.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Constructor
    | AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class InDisposeScopeAttribute : Attribute;
