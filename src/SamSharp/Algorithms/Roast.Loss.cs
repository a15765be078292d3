using SamSharp.Analysis;
using SamSharp.Steps;
using static TorchSharp.torch;

namespace SamSharp;

public static partial class Objectives
{
    /// <summary>RoAST's adversarial embeddings: embeddings + noise + radius d, where d is the gradient of the loss there, divided by its largest
    /// component in each token.</summary>
    /// <param name="embeddings">The embeddings of the tokens, [..., tokens, width].</param>
    /// <param name="loss">Computes the loss from embeddings, without calling <c>backward()</c>.</param>
    /// <param name="radius">The largest component of a token's perturbation. Default 0.1 (the authors' command).</param>
    /// <param name="noise">The size of the uniform noise to begin with. Default 1e-5 (the authors' code).</param>
    /// <returns>Embeddings of the same shape, without history. The parameters' gradients are as before.</returns>
    /// <exception cref="ArgumentException">The embeddings are not dense real numbers.</exception>
    /// <exception cref="ArgumentOutOfRangeException">radius or noise is negative, or more than float32 has.</exception>
    /// <exception cref="InvalidOperationException">The loss cannot be differentiated.</exception>
    public static Tensor AdversarialEmbeddings(Tensor embeddings, Func<Tensor, Tensor> loss, double radius = 0.1, double noise = 1e-5)
    {
        const double Floor = 1e-8;
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(loss);
        Check.NonNegativeSingle(radius);
        TensorCheck.RequireReal(embeddings);
        Check.NonNegativeSingle(noise);
        if (embeddings.dim() == 0 || embeddings.NumberOfElements == 0)
            throw new ArgumentException($"The embeddings have shape [{string.Join(", ", embeddings.shape)}]; [..., tokens, width] is needed.",
                nameof(embeddings));
        using var scope = NewDisposeScope();
        var start = embeddings.detach().Plus(rand_like(embeddings), noise).requires_grad_(true);
        var direction = Differentiation.Gradient(ClosureErrors.Explain(() => loss(start)), [start])[0];
        var largest = direction.abs().amax([-1], keepdim: true).Plus(Floor);
        return start.detach().Plus(direction.div(largest), radius).MoveToOuterDisposeScope();
    }

    /// <summary>RoAST's loss: half the cross-entropy of the predictions from the embeddings, half that of the predictions from adversarial ones, and
    /// the symmetric divergence of both. The authors' code leaves the adversarial cross-entropy out; the text is followed.</summary>
    /// <param name="logits">Predictions, [examples, classes].</param>
    /// <param name="adversarialLogits">Predictions from <see cref="AdversarialEmbeddings"/>, of the same shape.</param>
    /// <param name="labels">The classes, [examples].</param>
    /// <param name="weight">The weight of the divergence, at least 0. Default 0.01 (the authors' command).</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public static Tensor AdversarialLoss(Tensor logits, Tensor adversarialLogits, Tensor labels, double weight = 0.01)
    {
        Check.NonNegativeSingle(weight);
        ClassScores.RequireFit(logits, labels);
        ClassScores.RequireFit(adversarialLogits, labels);
        using var scope = NewDisposeScope();
        Tensor own = nn.functional.cross_entropy(logits, labels), adversarial = nn.functional.cross_entropy(adversarialLogits, labels);
        return own.Plus(adversarial).Times(0.5).Plus(SymmetricKl(adversarialLogits, logits), weight).MoveToOuterDisposeScope();
    }
}
