using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SamSharp.Analyzers;

/// <summary>What a method of this repository does with a tensor that it is given.</summary>
internal static class Callee
{
    private static readonly string[] Moves = ["Dispose", "DetachFromDisposeScope", "MoveToOuterDisposeScope"];

    /// <summary>
    /// It holds the tensor until it returns (using, GC.KeepAlive), or takes it over (Dispose, a field, a new object), or returns it.
    /// </summary>
    public static bool Keeps(IParameterSymbol? parameter) => parameter?.ContainingSymbol.DeclaringSyntaxReferences
        .SelectMany(reference => reference.GetSyntax().DescendantNodes().OfType<IdentifierNameSyntax>())
        .Any(name => name.Identifier.Text == parameter.Name && Keeps(name)) == true;

    private static bool Keeps(IdentifierNameSyntax name)
    {
        ExpressionSyntax value = name;
        while (value.Parent is MemberAccessExpressionSyntax access && access.Expression == value && Moves.Contains(access.Name.Identifier.Text))
        {
            if (access.Name.Identifier.Text == "Dispose") return true;
            value = (ExpressionSyntax)access.Parent!;
        }
        while (value.Parent is ConditionalExpressionSyntax or ParenthesizedExpressionSyntax or PostfixUnaryExpressionSyntax)
            value = (ExpressionSyntax)value.Parent;
        return value.Parent switch
        {
            UsingStatementSyntax or ReturnStatementSyntax or ArrowExpressionClauseSyntax => true,
            AssignmentExpressionSyntax assignment => assignment.Right == value,
            ArgumentSyntax { Parent.Parent: BaseObjectCreationExpressionSyntax } => true,
            ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax called } } =>
                called.Name.Identifier.Text is "KeepAlive" or "Add",
            _ => false,
        };
    }
}
