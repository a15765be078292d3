using System.Runtime.InteropServices;
using SamSharp.Kernels;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp.Analysis;

/// <summary>
/// First and second derivatives of a loss that do not touch the parameters' gradients. They are taken inside TorchScript, where a mistake in
/// the graph is an exception: through <c>torch.autograd.grad</c> of TorchSharp 0.107 it would end the process.
/// </summary>
internal static class Differentiation
{
    private static readonly TorchScript Script = new("""
        def filled(found: List[Optional[Tensor]], parameters: List[Tensor]):
            result: List[Tensor] = []
            for i in range(len(parameters)):
                derivative = found[i]
                result.append(torch.zeros_like(parameters[i]) if derivative is None else derivative.detach())
            return result

        def gradient(loss: Tensor, parameters: List[Tensor]):
            return filled(torch.autograd.grad([loss], parameters, allow_unused=True), parameters)

        def product(loss: Tensor, parameters: List[Tensor], vector: List[Tensor]):
            first = torch.autograd.grad([loss], parameters, retain_graph=True, create_graph=True, allow_unused=True)
            outputs: List[Tensor] = []
            factors: List[Optional[Tensor]] = []
            for i in range(len(parameters)):
                derivative = first[i]
                if derivative is not None:
                    if derivative.requires_grad:
                        outputs.append(derivative)
                        factors.append(vector[i].to(derivative.dtype))
            second: List[Optional[Tensor]] = [None for _ in parameters]
            if len(outputs) > 0:
                second = torch.autograd.grad(outputs, parameters, factors, allow_unused=True)
            return filled(second, parameters)
        """);

    /// <summary>The gradient; zeros for parameters that the loss does not reach.</summary>
    /// <exception cref="InvalidOperationException">The loss cannot be differentiated.</exception>
    public static Tensor[] Gradient(Tensor loss, Tensor[] parameters)
    {
        try
        {
            return Script.CallMany("gradient", [ScalarLoss.RequireGraph(loss), parameters]);
        }
        catch (InvalidOperationException error) when (error.InnerException is ExternalException)
        {
            throw new InvalidOperationException("The loss cannot be differentiated. Its closure must compute it again in each call, " +
                $"and must not call backward() itself. {error.Message}", error.InnerException);
        }
    }

    /// <summary>H v, by differentiating the gradient along v; zeros for parameters that H v does not reach.</summary>
    /// <exception cref="NotSupportedException">libtorch has no second derivative for some operator of the loss.</exception>
    public static Tensor[] HessianProduct(Tensor loss, Tensor[] parameters, Tensor[] vector)
    {
        try
        {
            return Script.CallMany("product", [ScalarLoss.RequireGraph(loss), parameters, vector]);
        }
        catch (InvalidOperationException error) when (error.InnerException is ExternalException)
        {
            throw new NotSupportedException("The loss cannot be differentiated twice: some operators, fused attention among them, " +
                $"have no second derivative. {nameof(HessianVectorProduct)}.{nameof(HessianVectorProduct.FiniteDifference)} does without. " +
                $"{error.Message}", error.InnerException);
        }
    }
}
