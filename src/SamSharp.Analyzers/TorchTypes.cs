using Microsoft.CodeAnalysis;

namespace SamSharp.Analyzers;

/// <summary>The types that the rules ask about, in one compilation.</summary>
internal sealed class TorchTypes
{
    private readonly INamedTypeSymbol _tensor;
    private readonly INamedTypeSymbol? _arithmetic;

    private TorchTypes(INamedTypeSymbol tensor, INamedTypeSymbol? arithmetic)
    {
        _tensor = tensor;
        _arithmetic = arithmetic;
    }

    public static TorchTypes? Find(Compilation compilation) =>
        compilation.GetTypeByMetadataName("TorchSharp.torch+Tensor") is { } tensor
            ? new TorchTypes(tensor, compilation.GetTypeByMetadataName("SamSharp.ScalarArithmetic"))
            : null;

    /// <summary>A tensor, or a parameter.</summary>
    public bool IsTensor(ITypeSymbol? type)
    {
        for (var t = type; t is not null; t = t.BaseType)
        {
            if (SymbolEqualityComparer.Default.Equals(t, _tensor)) return true;
        }
        return false;
    }

    /// <summary>An array, list or sequence of tensors.</summary>
    public bool IsTensors(ITypeSymbol? type) =>
        type is IArrayTypeSymbol array ? IsTensor(array.ElementType) : type is INamedTypeSymbol { TypeArguments.Length: 1 } list && IsTensor(list.TypeArguments[0]);

    /// <summary>A member of TorchSharp: it hands the handles of its tensors to libtorch.</summary>
    public bool IsNative(ISymbol member) => SymbolEqualityComparer.Default.Equals(member.ContainingAssembly, _tensor.ContainingAssembly);

    /// <summary>A method that keeps its arguments alive until it returns.</summary>
    public bool Holds(IMethodSymbol method) =>
        SymbolEqualityComparer.Default.Equals(method.ContainingType, _arithmetic) || method is { Name: "KeepAlive", ContainingType.Name: "GC" };

    /// <summary>A method of the arithmetic that changes its first argument and returns it.</summary>
    public bool ReturnsFirst(IMethodSymbol method) =>
        SymbolEqualityComparer.Default.Equals(method.ContainingType, _arithmetic)
        && method.Name is "MultiplyBy" or "DivideBy" or "IncreaseBy" or "DecreaseBy" or "IncreaseByProduct" or "IncreaseByQuotient" or "RaiseTo" or "Clamp" or "Fill" or "FillWhere" or "FillAt";
}
