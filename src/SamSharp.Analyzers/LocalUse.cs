using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace SamSharp.Analyzers;

/// <summary>
/// Variables without <c>using</c>: the collector ignores them after their last use, so a variable that only native calls read holds its
/// tensor until the last call begins, not until it ends.
/// </summary>
internal static class LocalUse
{
    /// <summary>The value that makes the tensor, if the operation puts it into a variable that does not hold it.</summary>
    public static IOperation? Unheld(IOperation operation, FreshTensors fresh, TorchTypes types) => operation switch
    {
        IVariableDeclaratorOperation { Initializer.Value: { } value, Symbol: var local } declarator
            when !IsUsing(declarator) && types.IsTensor(local.Type) => Escapes(operation, local, types) ? null : fresh.Find(value),
        ISimpleAssignmentOperation { Target: ILocalReferenceOperation { Local: var local }, Value: { } value }
            when types.IsTensor(local.Type) => Reads(operation, local, types) ? fresh.Find(value) : null,
        ISimpleAssignmentOperation { Target: IParameterReferenceOperation { Parameter: var parameter }, Value: { } value }
            when types.IsTensor(parameter.Type) => Reads(operation, parameter, types) ? fresh.Find(value) : null,
        _ => null,
    };

    private static bool IsUsing(IVariableDeclaratorOperation declarator)
    {
        for (var parent = declarator.Parent; parent is not null; parent = parent.Parent)
        {
            if (parent is IUsingDeclarationOperation or IUsingOperation) return true;
            if (parent is IBlockOperation) return false;
        }
        return false;
    }

    /// <summary>x = x.relu(): the old tensor goes while it is read.</summary>
    private static bool Reads(IOperation assignment, ISymbol variable, TorchTypes types) =>
        References(((ISimpleAssignmentOperation)assignment).Value, variable).Any(reference => IsRead(reference, types));

    /// <summary>Whether anything else gets hold of the tensor: it is returned, stored, disposed, kept alive.</summary>
    private static bool Escapes(IOperation declarator, ISymbol variable, TorchTypes types)
    {
        var root = declarator;
        while (root.Parent is { } parent) root = parent;
        var references = References(root, variable).ToArray();
        return references.Length == 0 || references.Any(reference => !IsRead(reference, types));
    }

    private static IEnumerable<IOperation> References(IOperation root, ISymbol variable) => root.DescendantsAndSelf().Where(operation =>
        operation is ILocalReferenceOperation local && SymbolEqualityComparer.Default.Equals(local.Local, variable)
        || operation is IParameterReferenceOperation parameter && SymbolEqualityComparer.Default.Equals(parameter.Parameter, variable));

    private static bool IsRead(IOperation reference, TorchTypes types)
    {
        var value = reference;
        while (value.Parent is IConversionOperation or IParenthesizedOperation) value = value.Parent;
        var user = value.Parent is IArgumentOperation argument ? argument.Parent : value.Parent;
        return user switch
        {
            IInvocationOperation call when !types.IsNative(call.TargetMethod) => ReadByCallee(call, value, types),
            IInvocationOperation call => !NativeUse.IsManaged(call.TargetMethod) && !IsReturnedInPlace(call, types),
            IPropertyReferenceOperation property => types.IsNative(property.Property),
            IBinaryOperation or IUnaryOperation => true,
            _ => false,
        };
    }

    private static bool ReadByCallee(IInvocationOperation call, IOperation value, TorchTypes types) =>
        !NativeUse.IsFramework(call.TargetMethod) && !types.Holds(call.TargetMethod)
        && call.Arguments.Any(argument => argument.Value == value && types.IsTensor(argument.Parameter?.Type) && !Callee.Keeps(argument.Parameter));

    /// <summary>return x.mul_(y): the caller gets x itself.</summary>
    private static bool IsReturnedInPlace(IInvocationOperation call, TorchTypes types) =>
        types.IsTensor(call.Type) && call.TargetMethod.Name.EndsWith("_", StringComparison.Ordinal)
            && call.Parent is not IExpressionStatementOperation;
}
