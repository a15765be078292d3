using System.Globalization;
using SamSharp.Analysis;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// A search for the radius rho: a short training run with each candidate, from the same weights, optimizer state and random numbers, over the same
/// batches, and then the loss on validation data. <see cref="ToString"/> is a table.
/// </summary>
/// <param name="Trials">What each candidate came to, in the order of the candidates.</param>
public sealed record RhoSearch(IReadOnlyList<RhoTrial> Trials)
{
    /// <summary>0, which is the base optimizer alone, and the grid that Foret et al. (2021) search on held-out data, 0.01 to 0.5. For T5, Bahri,
    /// Mobahi and Tay (2022) use 0.02 to 0.3. For ASAM take ten times these radii (Kwon et al., 2021). Small encoders with their
    /// classifier left out did well at 0.1, and at 0.5 for ASAM (<c>samples/FineTuneEncoder/RESULTS.md</c>).</summary>
    public static IReadOnlyList<double> DefaultCandidates { get; } = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

    /// <summary>The candidate with the smallest <see cref="RhoTrial.Score"/>, the smallest radius of equals; null if every run
    /// has diverged.</summary>
    public RhoTrial? Best => Trials.Where(trial => double.IsFinite(trial.Score)).OrderBy(trial => trial.Score).ThenBy(trial => trial.Rho)
        .Select(trial => (RhoTrial?)trial).FirstOrDefault();

    /// <summary>Makes a short run with each candidate.</summary>
    /// <remarks>
    /// Afterwards, and also if a closure throws or the search is canceled, everything is as it was, bit for bit: weights, buffers and modes of the
    /// model, gradients, state of the base optimizer, what the recipe remembers, counters, radii, the CPU's random numbers. The CUDA generators,
    /// whose state TorchSharp cannot read, are seeded with 0 before each run. Objects of yours that the closures change, such as schedulers, are
    /// not put back. A copy of the weights and a temporary file for the optimizer's state live as long as the search.
    /// </remarks>
    /// <param name="optimizer">The optimizer, with any recipe. A param group with a radius of its own keeps its ratio to
    /// <see cref="SharpnessAwareOptions.Rho"/>; if that is 0, all groups get the candidate.</param>
    /// <param name="model">The model that is trained.</param>
    /// <param name="closure">Computes the loss of the batch with the given number, from 0, calls <c>backward()</c> and returns the loss, as for
    /// <see cref="SharpnessAwareOptimizer.Step(Func{Tensor}, Func{Tensor}?)"/>. The number must determine the batch.</param>
    /// <param name="validation">Computes the mean loss over the validation data, one element, and does not call <c>backward()</c>. The model
    /// is in evaluation mode then.</param>
    /// <param name="candidates">The radii. Null (default) for <see cref="DefaultCandidates"/>.</param>
    /// <param name="steps">The steps of each run. Default 100, this library's own choice: more is better, up to the whole training.</param>
    /// <param name="sharpnessRadius">If above 0, the one-step sharpness on the validation data is measured at this radius after each run,
    /// and counts: the best candidate has the smallest validation loss plus sharpness. Default 0: the validation loss decides alone.</param>
    /// <param name="progress">Hears how far the search has come; null (default) for nobody.</param>
    /// <param name="cancellationToken">Asked before each step and each validation. Default: none.</param>
    /// <returns>What each candidate came to. Set <see cref="SharpnessAwareOptions.Rho"/>, or each <see cref="SharpnessGroup.Rho"/>, to the
    /// best one.</returns>
    /// <exception cref="ArgumentException">There is no candidate.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A radius is negative or not finite, or steps is less than 1.</exception>
    /// <exception cref="InvalidOperationException">The base optimizer keeps its state where it cannot be saved; or the weights are
    /// perturbed.</exception>
    /// <exception cref="OperationCanceledException">The search was canceled.</exception>
    public static RhoSearch Run(
        SharpnessAwareOptimizer optimizer, nn.Module model, Func<int, Tensor> closure, Func<Tensor> validation,
        IReadOnlyList<double>? candidates = null, int steps = 100, double sharpnessRadius = 0,
        IProgress<MeasureProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(closure);
        ArgumentNullException.ThrowIfNull(validation);
        candidates ??= DefaultCandidates;
        if (candidates.Count == 0) throw new ArgumentException("There is no candidate to try.", nameof(candidates));
        foreach (var rho in candidates) Check.Radius(rho, nameof(candidates));
        Check.Positive(steps);
        Check.Radius(sharpnessRadius);
        if (optimizer.IsPerturbed)
            throw new InvalidOperationException("The weights are perturbed: call Descend() or Restore() before a search.");
        if (optimizer.Services.Base.State() is null)
            throw new InvalidOperationException($"{optimizer.Services.Base.Name} keeps no state where TorchSharp looks for it, so that a search " +
                "could not put it back.");

        using var start = new StartingPoint(optimizer, model);
        var trials = new List<RhoTrial>();
        foreach (var rho in candidates)
        {
            start.Return();
            if (optimizer.Services.Table.IsOnCuda) cuda.manual_seed_all(0);
            SetRadius(optimizer, start.Radii, rho);
            var (training, skipped) = Train(optimizer, closure, steps, Report, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            using var surface = new LossSurface(model, validation) { CancellationToken = cancellationToken };
            var loss = surface.Loss(null);
            var sharpness = sharpnessRadius > 0 && double.IsFinite(loss)
                ? new OneStepSharpness(new Ball(sharpnessRadius)).Measure(surface)[0].Value
                : double.NaN;
            trials.Add(new(rho, loss, sharpness, training, skipped));

            void Report(int step) => progress?.Report(new(FormattableString.Invariant($"rho {rho}"),
                (trials.Count + ((double)step / steps)) / candidates.Count));
        }
        return new(trials);
    }

    /// <summary>A table: rho, validation loss, sharpness if measured, training loss and skipped steps of each candidate; a star marks
    /// the best.</summary>
    public override string ToString()
    {
        static string Number(double value) => value.ToString("G5", CultureInfo.InvariantCulture);
        var hasSharpness = Trials.Any(trial => !double.IsNaN(trial.Sharpness));
        string[][] rows =
        [
            ["rho", "validation loss", .. hasSharpness ? ["sharpness"] : Array.Empty<string>(), "training loss", "skipped", ""],
            .. Trials.Select(trial => new[]
            {
                Number(trial.Rho), Number(trial.Loss), Number(trial.Sharpness), Number(trial.TrainingLoss),
                trial.SkippedSteps.ToString(CultureInfo.InvariantCulture), trial == Best ? "*" : "",
            }.Where((_, column) => hasSharpness || column != 2).ToArray()),
        ];
        return string.Join(Environment.NewLine, TextTable.Lines(rows));
    }

    private static (double Loss, long Skipped) Train(
        SharpnessAwareOptimizer optimizer, Func<int, Tensor> closure, int steps, Action<int> report, CancellationToken cancellationToken)
    {
        var skippedBefore = optimizer.LastStep.SkippedSteps;
        var (sum, counted) = (0.0, 0);
        for (var step = 0; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var loss = optimizer.Step(() => closure(step));
            if (step >= steps / 2)
            {
                sum += loss.detach().to(ScalarType.Float64).ReadDouble();
                counted++;
            }
            report(step + 1);
        }
        return (sum / counted, optimizer.LastStep.SkippedSteps - skippedBefore);
    }

    private static void SetRadius(SharpnessAwareOptimizer optimizer, IReadOnlyList<double?> own, double rho)
    {
        var common = optimizer.Options.Rho;
        for (var i = 0; i < own.Count; i++)
            optimizer.Groups[i].Rho = own[i] is { } radius && common > 0 ? rho * radius / common : rho;
    }
}
