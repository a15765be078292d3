using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace SamSharp.Analyzers;

/// <summary>
/// Reports tensors that nothing holds while a native call reads them. TorchSharp hands raw handles to libtorch, so the finalizer may free the
/// temporary of <c>a.mul(b).sum()</c> during the sum when another thread triggers a collection. A <c>using</c> variable or an open dispose scope
/// holds it.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class HeldTensorsAnalyzer : DiagnosticAnalyzer
{
    public static readonly DiagnosticDescriptor TensorNotHeld = new(
        "SAM0001",
        "A tensor is not held during a native call",
        "'{0}' is held by nothing while a native call reads it: give it a using variable, or open a dispose scope, which holds tensors "
            + "([InDisposeScope] says that every caller has one)",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor ScopeNotOpen = new(
        "SAM0002",
        "No dispose scope is open",
        "'{0}' is marked [InDisposeScope], and no scope is open here",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor CompoundAssignment = new(
        "SAM0003",
        "A compound assignment holds neither its Scalar nor the old tensor",
        "'{0}' leaves a Scalar or the old tensor to the collector: use IncreaseBy, MultiplyBy and the like, or x = x.Plus(y)",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [TensorNotHeld, ScopeNotOpen, CompoundAssignment];

    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (TorchTypes.Find(start.Compilation) is not { } types) return;
            start.RegisterOperationAction(
                operation => Inspect(operation, types),
                OperationKind.Invocation,
                OperationKind.PropertyReference,
                OperationKind.Binary,
                OperationKind.Unary,
                OperationKind.VariableDeclarator,
                OperationKind.SimpleAssignment);
            start.RegisterOperationAction(operation => InspectCall(operation, types), OperationKind.Invocation);
            start.RegisterOperationAction(operation => InspectAssignment(operation, types), OperationKind.CompoundAssignment);
        });
    }

    private static void Inspect(OperationAnalysisContext context, TorchTypes types)
    {
        var fresh = new FreshTensors(types);
        foreach (var read in NativeUse.Reads(context.Operation, types))
        {
            if (fresh.Find(read) is { } culprit) Report(context, culprit, types);
        }
        if (LocalUse.Unheld(context.Operation, fresh, types) is { } local) Report(context, local, types);
    }

    private static void InspectCall(OperationAnalysisContext context, TorchTypes types)
    {
        var call = (IInvocationOperation)context.Operation;
        var counts = ScopeConvention.HasMark(call.TargetMethod) || (types.IsTensor(call.Type) && ScopeConvention.IsMarked(call.TargetMethod));
        if (counts && !ScopeConvention.Holds(call, context.ContainingSymbol))
            context.ReportDiagnostic(Diagnostic.Create(ScopeNotOpen, call.Syntax.GetLocation(), call.TargetMethod.Name));
    }

    /// <summary>Banned symbols do not see the operators of these.</summary>
    private static void InspectAssignment(OperationAnalysisContext context, TorchTypes types)
    {
        if (context.Operation is ICompoundAssignmentOperation { OperatorMethod: { } method } assignment && types.IsNative(method))
            context.ReportDiagnostic(Diagnostic.Create(CompoundAssignment, assignment.Syntax.GetLocation(), assignment.Syntax.ToString()));
    }

    private static void Report(OperationAnalysisContext context, IOperation culprit, TorchTypes types)
    {
        if (!types.NeedsUsing(culprit.Type) && ScopeConvention.Holds(culprit, context.ContainingSymbol)) return;
        var text = culprit.Syntax.ToString();
        var shown = text.Length <= 60 ? text : text.Substring(0, 57) + "...";
        context.ReportDiagnostic(Diagnostic.Create(TensorNotHeld, culprit.Syntax.GetLocation(), shown));
    }
}
