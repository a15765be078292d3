namespace SamSharp;

/// <summary>
/// States that every caller has a dispose scope open on this thread, which holds the tensors created here until it ends. On a parameter, it
/// states that the function passed for it is called in a scope. The analyzer SAM0001 relies on it.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Constructor
    | AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class InDisposeScopeAttribute : Attribute;
