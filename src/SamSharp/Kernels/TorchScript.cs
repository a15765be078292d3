using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>TorchScript functions: the way from C# to operators of libtorch that TorchSharp does not bind, and to loops over lists without a call per tensor.</summary>
/// <param name="source">Python, with as many functions as wanted. Compiled at first use. A mistake in it ends the process, so every function has a test.</param>
/// <remarks>Arguments are no params array: a lone array of tensors would be taken for it.</remarks>
internal sealed class TorchScript(string source)
{
    // The compiler wants line feeds alone, and one at the end.
    private readonly Lazy<jit.CompilationUnit> _unit = new(() => jit.compile(source.ReplaceLineEndings("\n") + "\n"));

    /// <summary>Calls a function that returns a tensor, without recording gradients.</summary>
    public Tensor Call(string function, object[] arguments)
    {
        using var noGradient = no_grad();
        return (Tensor)_unit.Value.invoke(function, arguments);
    }

    /// <summary>Calls a function that returns nothing, without recording gradients.</summary>
    public void Run(string function, object[] arguments)
    {
        using var noGradient = no_grad();
        _unit.Value.invoke(function, arguments);
    }
}
