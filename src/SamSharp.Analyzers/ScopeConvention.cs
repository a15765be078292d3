using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace SamSharp.Analyzers;

/// <summary>
/// Where a dispose scope is open: below its declaration, and in members and types marked <c>[InDisposeScope]</c> because every caller has one.
/// </summary>
internal static class ScopeConvention
{
    public static bool Holds(IOperation operation, ISymbol member) =>
        IsBelowScope(operation.Syntax) || IsMarked(member) || IsCalledInScope(operation);

    /// <summary>In a function passed for a marked parameter, whose caller has a scope.</summary>
    private static bool IsCalledInScope(IOperation operation)
    {
        for (var parent = operation; parent is not null; parent = parent.Parent)
        {
            if (parent is IAnonymousFunctionOperation { Parent.Parent: IArgumentOperation { Parameter: { } parameter } } && HasMark(parameter))
                return true;
        }
        return false;
    }

    private static bool IsBelowScope(SyntaxNode node)
    {
        for (var child = node; child.Parent is { } parent; child = parent)
        {
            if (parent is UsingStatementSyntax statement && Opens(statement.Declaration ?? (SyntaxNode?)statement.Expression)) return true;
            if (Statements(parent).TakeWhile(earlier => earlier != child).OfType<LocalDeclarationStatementSyntax>()
                .Any(earlier => earlier.UsingKeyword != default && Opens(earlier.Declaration))) return true;
        }
        return false;
    }

    private static IEnumerable<SyntaxNode> Statements(SyntaxNode parent) => parent switch
    {
        BlockSyntax block => block.Statements,
        SwitchSectionSyntax section => section.Statements,
        CompilationUnitSyntax unit => unit.Members.OfType<GlobalStatementSyntax>().Select(member => member.Statement),
        _ => [],
    };

    private static bool Opens(SyntaxNode? declaration) =>
        declaration is VariableDeclarationSyntax variables ? variables.Variables
            .Any(variable => IsNewScope(variable.Initializer?.Value)) : IsNewScope(declaration);

    private static bool IsNewScope(SyntaxNode? value) => value is InvocationExpressionSyntax call && NameOf(call.Expression) == "NewDisposeScope";

    private static string? NameOf(ExpressionSyntax called) => called switch
    {
        IdentifierNameSyntax name => name.Identifier.Text,
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        _ => null,
    };

    public static bool IsMarked(ISymbol member)
    {
        for (var symbol = member; symbol is not null and not INamespaceSymbol; symbol = symbol.ContainingSymbol)
        {
            if (HasMark(symbol)) return true;
            if (symbol is INamedTypeSymbol type && (type.AllInterfaces.Any(HasMark) || Bases(type).Any(HasMark))) return true;
            if (symbol is IMethodSymbol { OverriddenMethod: { } overridden } && IsMarked(overridden)) return true;
        }
        return false;
    }

    private static IEnumerable<INamedTypeSymbol> Bases(INamedTypeSymbol type)
    {
        for (var parent = type.BaseType; parent is not null; parent = parent.BaseType) yield return parent;
    }

    /// <summary>[InDisposeScope], or an attribute that has it and opens the scope itself.</summary>
    public static bool HasMark(ISymbol symbol) =>
        symbol.GetAttributes().Any(attribute => IsMark(attribute) || attribute.AttributeClass?.GetAttributes().Any(IsMark) == true);

    private static bool IsMark(AttributeData attribute) => attribute.AttributeClass?.Name == "InDisposeScopeAttribute";
}
