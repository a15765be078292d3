namespace SamSharp.Tests.Golden;

/// <content>Ascents along noise. The draws are those of the run's file.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Noise => new()
    {
        ["nblt/mARWP: ARWP"] = OneNoisyPass,
        ["nblt/mARWP: ARWP with eta 0"] = OneNoisyPass,
        ["nblt/mARWP: train() of train_marwp.py"] = NoisyAndPlain,
        ["nblt/mARWP: train() of train_marwp.py with eta 0"] = NoisyAndPlain,
        ["devansh20la/LPF-SGD: class_model_run"] = NoisyParts,
        ["dbahri/universal_sam: FROSAM"] = run => Universal(run, Recipe.FrobeniusSam(run.Number("rho"), run.Number("lam"), run.Whole("n_samples"))),
    };

    private static GivenNoise OneDraw(GoldenRun run) => new(run, (name, number, _) => run.Expected[$"noise.{name}"][number - 1].clone());

    private static GivenNoise SeveralDraws(GoldenRun run) =>
        new(run, (name, number, draw) => run.Expected[$"noise.{name}"][number - 1][draw].clone());

    /// <summary>One pass a step, at the noisy weights.</summary>
    private static void OneNoisyPass(GoldenRun run)
    {
        using var optimizer = run.Wrap(Recipe.Rwp(run.Number("std")) with
        {
            Direction = new AdaptedNoise(OneDraw(run), run.Number("eta"), run.Number("beta")),
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            run.Near("loss_adv", t, loss);
            run.WeightsNear(t);
        }
    }

    /// <summary>The plain gradient on this batch, the noisy one on the next, cyclically.</summary>
    private static void NoisyAndPlain(GoldenRun run)
    {
        using var optimizer = run.Wrap(Recipe.MixedRwp(run.Number("sigma"), run.Number("lmbda")) with
        {
            Direction = new AdaptedNoise(OneDraw(run), run.Number("eta"), run.Number("beta")),
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(
                () => run.Problem.Backward((t + 1) % run.Problem.Steps),
                ascent: () => run.Problem.Backward(t));
            run.WeightsNear(t);
        }
    }

    /// <summary>Each part of the batch has its own draw.</summary>
    private static void NoisyParts(GoldenRun run)
    {
        var parts = run.Whole("M");
        using var optimizer = run.Wrap(Recipe.LpfSgd(gamma: run.Number("std")) with { Direction = new RandomDirection(SeveralDraws(run)) });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            var step = t;
            optimizer.Step([.. Enumerable.Range(0, parts).Select(part => new BatchPart(() => run.Problem.BackwardPart(step, part, parts)))])
                .Dispose();
            run.WeightsNear(t);
        }
    }

    /// <summary>The report has one perturbed loss, the file one for each draw: the losses at w and the weights tell enough.</summary>
    private static void Universal(GoldenRun run, SharpnessAwareOptions recipe)
    {
        using var optimizer = run.Wrap(recipe with { Direction = new RandomDirection(SeveralDraws(run)) });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            run.Near("loss", t, loss);
            run.WeightsNear(t);
        }
    }
}
