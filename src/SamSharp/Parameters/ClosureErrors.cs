using System.Runtime.InteropServices;

namespace SamSharp.Steps;

/// <summary>Says what libtorch's errors mean in a closure that is called twice, with the weights moved in between.</summary>
internal static class ClosureErrors
{
    private static readonly (string Phrase, string Meaning)[] Known =
    [
        ("grad can be implicitly created only for scalar outputs",
            "The closure called backward() on a loss that is not one number: take its mean."),
        ("does not require grad and does not have a grad_fn",
            "backward() was called on a loss that no trainable parameter leads to: it was detached or computed under no_grad, everything is " +
            "frozen, or the closure is one that is only measured and must not call backward()."),
        ("backward through the graph a second time",
            "A part of the loss was computed outside the closure, or by an earlier call of it, and its graph is gone after one backward(): " +
            "the closure is called at two points, so compute the whole forward pass in it, from the inputs on."),
        ("modified by an inplace operation",
            "A tensor that backward() needs has changed since the forward pass: compute the whole forward pass in the closure, which is called " +
            "at two points while the weights move in between, and replace operations in place (x.add_(y), x[i] = y) by x + y and the like."),
    ];

    /// <summary>Calls a closure; an error of the graph gets a sentence that says what to do.</summary>
    /// <exception cref="InvalidOperationException">The closure met such an error, which is the inner exception.</exception>
    public static T Explain<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (ExternalException error) when (MeaningOf(error) is not null)
        {
            throw new InvalidOperationException($"{MeaningOf(error)} (libtorch: {FirstLineOf(error)})", error);
        }
    }

    private static string? MeaningOf(ExternalException error) =>
        Known.FirstOrDefault(known => error.Message.Contains(known.Phrase, StringComparison.Ordinal)).Meaning;

    private static string FirstLineOf(ExternalException error) => error.Message.Split('\n')[0].Trim();
}
