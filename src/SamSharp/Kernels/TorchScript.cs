using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>TorchScript functions: the way from C# to operators of libtorch that TorchSharp does not bind, and to loops over lists without a call per tensor.</summary>
/// <param name="source">Python, with as many functions as wanted. Compiled at first use. A mistake in it ends the process, so every function has a test.</param>
/// <remarks>Arguments are tensors, arrays of tensors, int, double and bool. They are no params array: a lone array of tensors would be taken for it.</remarks>
internal sealed class TorchScript(string source)
{
    // The compiler wants line feeds alone, and one at the end.
    private readonly Lazy<jit.CompilationUnit> _unit = new(() => jit.compile(source.ReplaceLineEndings("\n") + "\n"));

    /// <summary>Calls a function that returns a tensor, without recording gradients.</summary>
    public Tensor Call(string function, object[] arguments) => (Tensor)Invoke(function, arguments);

    /// <summary>Calls a function that returns a list of tensors, without recording gradients.</summary>
    public Tensor[] CallMany(string function, object[] arguments) => (Tensor[])Invoke(function, arguments);

    /// <summary>Calls a function that returns nothing, without recording gradients.</summary>
    public void Run(string function, object[] arguments) => Invoke(function, arguments);

    private object Invoke(string function, object[] arguments)
    {
        // TorchSharp makes a Scalar of each double on the way, which the collector may free before the call has read it.
        var held = Array.ConvertAll(arguments, argument => argument is double number ? number.ToScalar() : argument);
        try
        {
            using var noGradient = no_grad();
#pragma warning disable RS0030 // its doubles are Scalars here, which are held
            return _unit.Value.invoke(function, held);
#pragma warning restore RS0030
        }
        finally
        {
            foreach (var argument in held) (argument as Scalar)?.Dispose();
        }
    }
}
