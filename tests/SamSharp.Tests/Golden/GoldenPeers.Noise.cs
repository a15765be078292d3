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
        ["dbahri/universal_sam: FROSAM"] = Universal,
        ["dbahri/universal_sam: ISAM"] = Universal,
        ["VirtuosoResearch/Noise-stability-optimization: NSM"] = NoiseStability,
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

    /// <summary>The plain gradient on this batch, the noisy one on the same or on the next, cyclically.</summary>
    private static void NoisyAndPlain(GoldenRun run)
    {
        using var optimizer = run.Wrap(Recipe.MixedRwp(run.Number("sigma"), run.Number("lmbda")) with
        {
            Direction = new AdaptedNoise(OneDraw(run), run.Number("eta"), run.Number("beta")),
        });
        var further = run.Text("second_batch") == "next" ? 1 : 0;
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(
                () => run.Problem.Backward((t + further) % run.Problem.Steps),
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
    private static void Universal(GoldenRun run)
    {
        var (rho, lambda, draws) = (run.Number("rho"), run.Number("lam"), run.Whole("n_samples"));
        var recipe = run.Text("kind") switch
        {
            "frob" => Recipe.FrobeniusSam(rho, lambda, draws),
            "trace" => Recipe.TraceSam(rho, lambda, draws),
            _ => Recipe.DeterminantSam(run.Number("half_cube_len"), rho, lambda, draws),
        };
        // The determinant's draws are uniform in [0, 1).
        var half = run.Has("half_cube_len") ? run.Number("half_cube_len") : 0;
        using var optimizer = run.Wrap(recipe with
        {
            Direction = new RandomDirection(new GivenNoise(run, (name, number, draw) =>
            {
                var given = run.Expected[$"noise.{name}"][number - 1][draw].clone();
                return half > 0 ? given.Times(2).Minus(1).Times(half) : given;
            })),
            Geometry = run.Is("normalise") ? new EuclideanGeometry(0) : recipe.Geometry,
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            run.Near("loss", t, loss);
            run.WeightsNear(t);
        }
    }

    private static void NoiseStability(GoldenRun run)
    {
        var (sigma, draws, lambda) = (run.Number("sigma"), run.Whole("num_perturbs"), run.Number("nsm_lam"));
        var given = run.Is("use_neg")
            ? new GivenNoise(run, (name, number, draw) => run.Expected[$"noise.{name}"][number - 1][draw / 2].clone())
            : SeveralDraws(run);
        using var optimizer = run.Wrap(run.Is("use_neg")
            ? Recipe.TwoPointNoise(sigma, draws, lambda: lambda) with { Direction = new RandomDirection(new AntitheticNoise(given)) }
            : Recipe.OneSidedNoise(sigma, draws, lambda: lambda) with { Direction = new RandomDirection(given) });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            if (lambda > 0) run.Near("loss", t, loss);
            run.WeightsNear(t);
        }
    }
}
