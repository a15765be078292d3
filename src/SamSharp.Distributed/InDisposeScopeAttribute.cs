namespace SamSharp.Distributed;

/// <summary>States that every caller has a dispose scope open on this thread, which holds the tensors created here until it ends. The
/// analyzer SAM0001 relies on it.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property)]
internal sealed class InDisposeScopeAttribute : Attribute;
