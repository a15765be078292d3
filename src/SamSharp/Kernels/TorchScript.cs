using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>TorchScript functions, which reach libtorch operators that TorchSharp does not bind, and loop
/// over lists without a call per tensor.</summary>
/// <param name="source">Python source of any number of functions. Compiled at first use. A mistake in it ends the
/// process, so every function has a test.</param>
/// <remarks>Arguments are tensors, arrays of tensors, int, long, double and bool. They are not a params array because a lone array
/// of tensors would be mistaken for it.</remarks>
internal sealed class TorchScript(string source)
{
    // The compiler needs plain line feeds, and one at the end.
    private readonly Lazy<jit.CompilationUnit> _unit = new(() => jit.compile(source.ReplaceLineEndings("\n") + "\n"));

    /// <summary>Calls a function that returns a tensor, without recording gradients.</summary>
    public Tensor Call(string function, object[] arguments) => (Tensor)Invoke(function, arguments);

    /// <summary>Calls a function that returns a list of tensors, without recording gradients.</summary>
    public Tensor[] CallMany(string function, object[] arguments) => (Tensor[])Invoke(function, arguments);

    /// <summary>Calls a function that returns nothing, without recording gradients.</summary>
    public void Run(string function, object[] arguments) => Invoke(function, arguments);

    private object Invoke(string function, object[] arguments)
    {
        foreach (var argument in arguments)
        {
            if (argument is Tensor[] list) TensorLists.Require(list);
        }
        // TorchSharp creates a Scalar for each double and long, which the collector may free before the call has read it.
        var held = Array.ConvertAll(arguments, argument => argument switch
        {
            double number => number.ToScalar(),
            long number => number.ToScalar(),
            _ => argument,
        });
        try
        {
            using var noGradient = no_grad();
            using var unfused = TensorExpressionFuser.Off();
#pragma warning disable RS0030 // its doubles and longs are Scalars here, which are held
            return _unit.Value.invoke(function, held);
#pragma warning restore RS0030
        }
        catch (ExternalException error)
        {
            throw new InvalidOperationException($"The operation '{function}' cannot work with these tensors. libtorch says: {Reason(error)}", error);
        }
        finally
        {
            foreach (var argument in held) (argument as Scalar)?.Dispose();
        }
    }

    /// <summary>The last line is the error itself, after TorchScript's trace.</summary>
    private static string Reason(ExternalException error) =>
        error.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
}
