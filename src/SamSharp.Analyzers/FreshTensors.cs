using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace SamSharp.Analyzers;

/// <summary>Finds the expression that makes a new tensor, if the value of an expression is one that no variable or object has yet.</summary>
internal sealed class FreshTensors(TorchTypes types)
{
    public IOperation? Find(IOperation? value) => value switch
    {
        IConversionOperation { OperatorMethod: not null } conversion when types.IsTensor(conversion.Type) => conversion,
        IConversionOperation conversion => Find(conversion.Operand),
        IParenthesizedOperation parentheses => Find(parentheses.Operand),
        IConditionalOperation choice => Find(choice.WhenTrue) ?? Find(choice.WhenFalse),
        ICoalesceOperation coalesce => Find(coalesce.Value) ?? Find(coalesce.WhenNull),
        ISwitchExpressionOperation choice => choice.Arms.Select(arm => Find(arm.Value)).FirstOrDefault(found => found is not null),
        IConditionalAccessOperation access => Find(access.WhenNotNull),
        IArrayCreationOperation array => array.Initializer?.ElementValues.Select(Find).FirstOrDefault(found => found is not null),
        ICollectionExpressionOperation list => list.Elements.Select(Find).FirstOrDefault(found => found is not null),
        ISpreadOperation spread => Find(spread.Operand),
        IBinaryOperation { OperatorMethod: { } method } when types.IsNative(method) && types.IsTensor(value.Type) => value,
        IUnaryOperation { OperatorMethod: { } method } when types.IsNative(method) && types.IsTensor(value.Type) => value,
        IPropertyReferenceOperation property when types.IsTensor(property.Type) && types.IsNative(property.Property)
            && types.IsTensor(property.Property.ContainingType) => property,
        IObjectCreationOperation creation when types.IsTensor(creation.Type) => creation,
        IInvocationOperation call => OfCall(call),
        _ => null,
    };

    private IOperation? OfCall(IInvocationOperation call)
    {
        var method = call.TargetMethod;
        if (types.IsTensors(call.Type)) return OfSequence(call);
        if (!types.IsTensor(call.Type)) return null;
        if (types.ReturnsFirst(method)) return Find(call.Arguments[0].Value);
        if (types.IsNative(method) && ReturnsItself(method)) return Find(call.Instance);
        if (types.IsNative(method)) return Moves(method) ? Find(call.Arguments.FirstOrDefault()?.Value) : call;
        if (method.MethodKind == MethodKind.DelegateInvoke) return call;
        // Find, First, GetValueOrDefault: of a collection that holds them
        if (method.Name.StartsWith("Find", StringComparison.Ordinal)) return null;
        return NativeUse.IsFramework(method) && method.Name != "Aggregate" ? null : call;
    }

    /// <summary>A query that makes tensors as it goes: Select(x => x.sum()).</summary>
    private IOperation? OfSequence(IInvocationOperation call)
    {
        var method = call.TargetMethod;
        if (!NativeUse.IsFramework(method)) return types.IsNative(method) && types.IsTensor(method.ContainingType) ? call : null;
        foreach (var argument in call.Arguments)
        {
            if (argument.Value is IDelegateCreationOperation { Target: IAnonymousFunctionOperation lambda }
                && MadeBy(lambda) is { } made) return made;
            if (Find(argument.Value) is { } found) return found;
        }
        return null;
    }

    private IOperation? MadeBy(IAnonymousFunctionOperation lambda) =>
        lambda.Body.Descendants().OfType<IReturnOperation>().Select(result => Find(result.ReturnedValue)).FirstOrDefault(found => found is not null);

    /// <summary>mul_ and the like, by TorchSharp's convention; and the moves between dispose scopes.</summary>
    private bool ReturnsItself(IMethodSymbol method) =>
        !method.IsStatic && types.IsTensor(method.ContainingType)
        && (method.Name.EndsWith("_", StringComparison.Ordinal) || method.Name.EndsWith("DisposeScope", StringComparison.Ordinal));

    private static bool Moves(IMethodSymbol method) => method.ContainingType.Name == "DisposeScope";
}
