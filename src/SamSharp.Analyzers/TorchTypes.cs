using Microsoft.CodeAnalysis;

namespace SamSharp.Analyzers;

/// <summary>The types that the rules ask about, in one compilation.</summary>
internal sealed class TorchTypes
{
    private static readonly string[] Verbs =
    [
        "MultiplyBy", "DivideBy", "IncreaseBy", "DecreaseBy", "IncreaseByProduct", "IncreaseByQuotient", "RaiseTo", "Clamp", "Fill", "FillWhere",
        "FillAt",
    ];

    private readonly INamedTypeSymbol _tensor;
    private readonly INamedTypeSymbol? _scalar;
    private readonly INamedTypeSymbol? _generator;
    private readonly INamedTypeSymbol? _arithmetic;

    private TorchTypes(INamedTypeSymbol tensor, Compilation compilation)
    {
        _tensor = tensor;
        _scalar = compilation.GetTypeByMetadataName("TorchSharp.Scalar");
        _generator = compilation.GetTypeByMetadataName("TorchSharp.torch+Generator");
        _arithmetic = compilation.GetTypeByMetadataName("SamSharp.ScalarArithmetic");
    }

    public static TorchTypes? Find(Compilation compilation) =>
        compilation.GetTypeByMetadataName("TorchSharp.torch+Tensor") is { } tensor
            ? new TorchTypes(tensor, compilation)
            : null;

    /// <summary>A tensor, a parameter, a Scalar or a generator: objects whose finalizers free native memory.</summary>
    public bool IsTensor(ITypeSymbol? type)
    {
        for (var t = type; t is not null; t = t.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(t, _tensor)) return true;
        }
        return type is not null && (SymbolEqualityComparer.Default.Equals(type, _scalar) || SymbolEqualityComparer.Default.Equals(type, _generator));
    }

    /// <summary>A Scalar or a generator, which no dispose scope holds.</summary>
    public bool NeedsUsing(ITypeSymbol? type) =>
        type is not null && (SymbolEqualityComparer.Default.Equals(type, _scalar) || SymbolEqualityComparer.Default.Equals(type, _generator));

    /// <summary>An array, list or sequence of tensors.</summary>
    public bool IsTensors(ITypeSymbol? type) =>
        type is IArrayTypeSymbol array
            ? IsTensor(array.ElementType)
            : type is INamedTypeSymbol { TypeArguments.Length: 1 } list && IsTensor(list.TypeArguments[0]);

    /// <summary>A member of TorchSharp: it hands the handles of its tensors to libtorch.</summary>
    public bool IsNative(ISymbol member) => SymbolEqualityComparer.Default.Equals(member.ContainingAssembly, _tensor.ContainingAssembly);

    /// <summary>A method that keeps its arguments alive until it returns.</summary>
    public bool Holds(IMethodSymbol method) =>
        SymbolEqualityComparer.Default.Equals(method.ContainingType, _arithmetic) || method is { Name: "KeepAlive", ContainingType.Name: "GC" };

    /// <summary>A method of the arithmetic that changes its first argument and returns it.</summary>
    public bool ReturnsFirst(IMethodSymbol method) =>
        SymbolEqualityComparer.Default.Equals(method.ContainingType, _arithmetic) && Verbs.Contains(method.Name);
}
