using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace SamSharp.Analyzers;

/// <summary>The values whose native memory an operation may read.</summary>
internal static class NativeUse
{
    public static IEnumerable<IOperation> Reads(IOperation operation, TorchTypes types)
    {
        switch (operation)
        {
            case IInvocationOperation call:
                foreach (var value in OfCall(call, types)) yield return value;
                break;
            case IPropertyReferenceOperation { Instance: { } receiver } property when types.IsNative(property.Property):
                yield return receiver;
                foreach (var argument in property.Arguments) yield return argument.Value;
                break;
            case IBinaryOperation { OperatorMethod: { } method } binary when types.IsNative(method):
                yield return binary.LeftOperand;
                yield return binary.RightOperand;
                break;
            case IUnaryOperation { OperatorMethod: { } method } unary when types.IsNative(method):
                yield return unary.Operand;
                break;
        }
    }

    private static IEnumerable<IOperation> OfCall(IInvocationOperation call, TorchTypes types)
    {
        var method = call.TargetMethod;
        if (types.Holds(method) || IsManaged(method)) yield break;
        var native = types.IsNative(method);
        if (native && call.Instance is { } receiver) yield return receiver;
        foreach (var argument in call.Arguments)
        {
            // A method of this repository uses its parameters last in native calls; it mostly keeps what it takes as a sequence.
            if (native || (types.IsTensor(argument.Value.Type) && !IsFramework(method) && !Callee.Keeps(argument.Parameter)))
                yield return argument.Value;
        }
    }

    /// <summary>Members that touch only the native memory of a tensor whose life they end.</summary>
    public static bool IsManaged(IMethodSymbol method) =>
        method.Name is "Dispose" or "MoveToOuterDisposeScope" or "DetachFromDisposeScope" or "MoveToOtherDisposeScope"
            || method.ContainingType.Name == "DisposeScope";

    public static bool IsFramework(IMethodSymbol method) =>
        method.ContainingNamespace?.ToDisplayString().StartsWith("System", StringComparison.Ordinal) == true;
}
