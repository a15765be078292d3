namespace SamSharp.Tests.Golden;

/// <content>Steps over several tasks, or over parts of a batch one after the other.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Tasks => new()
    {
        ["VietHoang1512/FS-MTL: train()"] = SeveralTasks,
        ["anh-ntv/OT_MDR: SAM_batch_chain"] = Chained,
        ["anh-ntv/OT_MDR: SAMnChain"] = Chained,
    };

    /// <summary>Where the peer's solver stopped early, its weights of the tasks are given.</summary>
    private static void SeveralTasks(GoldenRun run)
    {
        var (step, calls) = (0, 0);
        var together = run.Text("method").StartsWith("a-", StringComparison.Ordinal);
        var aggregator = run.Text("method")[(together ? 2 : 0)..] switch
        {
            "ew" => GradientAggregator.Mean,
            "pcgrad" => GradientAggregator.PcGrad,
            "mgda" => GradientAggregator.Mgda,
            "imtl" => GradientAggregator.Imtl,
            "cagrad" when run.Expected.TryGetValue("cagrad_weights", out var given) => GradientAggregator.From(products =>
                AggregationRules.CaGrad(products, run.Number("c"), given[step][calls++].to(float64).ReadAll<double>())),
            "cagrad" => GradientAggregator.CaGrad(run.Number("c")),
            var other => throw new NotSupportedException($"The method {other} is not known."),
        };
        var count = run.Problem.Parameters.Keys.Count(name => name.StartsWith("task_", StringComparison.Ordinal) && name.EndsWith(".weight",
            StringComparison.Ordinal));
        using var optimizer = run.Wrap(new SharpnessAwareOptions { Rho = run.Number("rho"), Geometry = BallOf(run) });
        for (; step < run.Problem.Steps; step++)
        {
            calls = 0;
            var losses = new List<double>();
            optimizer.TaskStep([.. Enumerable.Range(0, count).Select(task => new Func<Tensor>(() =>
            {
                var loss = run.Problem.BackwardTask(step, task);
                losses.Add(loss.to(float64).ReadDouble());
                return loss;
            }))], aggregator, together).Dispose();
            for (var task = 0; task < count; task++)
            {
                run.NearLoss("loss", step, task, losses[2 * task]);
                run.NearLoss("loss_adv", step, task, losses[(2 * task) + 1]);
            }
            run.WeightsNear(step);
        }
    }

    /// <summary>In the peer, mode 1.1 takes a mean: of the branches where there are some, else of the merged directions.</summary>
    private static void Chained(GoldenRun run)
    {
        var radii = run.Settings.GetProperty("rho_lst").EnumerateArray().Select(radius => radius.GetDouble()).ToArray();
        var (hasBranches, takesMean, noise) = (run.Has("n_branch"), run.Number("mode") > 1, run.Number("noise_var"));
        var rule = new OtMdr
        {
            Ratio = radii[1] / radii[0],
            Merging = !run.Is("merge_grad") ? MergedAscent.None : takesMean && !hasBranches ? MergedAscent.Mean : MergedAscent.Sum,
            DividesByMergedNorm = run.Is("true_grad"),
            Noise = noise,
            SecondNoise = hasBranches ? noise * GoldenBase.Common(run.Entry, "lr") : null,
            AveragesBranches = takesMean,
            Draws = new GivenNoise(run, (name, number, draw) =>
                (hasBranches ? run.Expected[$"noise.{name}"][number - 1][draw / 2] : run.Expected[$"noise.{name}"][number - 1])[draw % 2].clone()),
        };
        using var optimizer = run.Wrap(new SharpnessAwareOptions { Rho = radii[0], Geometry = BallOf(run) });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            var (step, losses) = (t, new List<double>());
            Func<Tensor> Recorded(Func<Tensor> backward) => () =>
            {
                var loss = backward();
                losses.Add(loss.to(float64).ReadDouble());
                return loss;
            };
            (Func<Tensor>, Func<Tensor>) Branch(int branch) => hasBranches
                ? (Recorded(() => run.Problem.BackwardRows(step, run.Expected["half1"][step][branch])),
                    Recorded(() => run.Problem.BackwardRows(step, run.Expected["half2"][step][branch])))
                : (() => run.Problem.BackwardPart(step, 0, 2), Recorded(() => run.Problem.BackwardPart(step, 1, 2)));
            using var loss = optimizer.ChainedStep(Recorded(() => run.Problem.Backward(step)),
                [.. Enumerable.Range(0, hasBranches ? run.Whole("n_branch") : 1).Select(Branch)], rule);
            for (var pass = 0; pass < losses.Count; pass++) run.NearLoss("loss_adv", t, pass, losses[pass]);
            run.WeightsNear(t);
        }
    }
}
