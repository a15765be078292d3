using SamSharp.Analysis;

namespace SamSharp.Tests.Golden;

/// <content>Gradients and learning rates that depend on the layer.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Layers => new()
    {
        ["bbuing9/RoAST: calculate_fisher, train_roast, ChildTuningAdamW_online"] = Gated,
        ["YefanZhou/TempBalance: Tempbalance.net_esd_estimator, build_optimizer_param_group"] = Balanced,
    };

    /// <summary>The peer has an AdamW of its own, which decays the weights of linear layers after the update.</summary>
    private static void Gated(GoldenRun run)
    {
        var epochs = run.Expected.First(entry => entry.Key.StartsWith("gate.", StringComparison.Ordinal)).Value.shape[0] - 1;
        var perEpoch = run.Problem.Steps / (int)epochs;
        var recipe = Recipe.Roast(perEpoch, run.Number("alpha"), run.Number("beta"), run.Is("unbiased_scale"), slot =>
            run.NameOf(slot).StartsWith("layer", StringComparison.Ordinal));
        var gate = (FisherGate)recipe.Combiner with
        {
            Draws = new GivenNoise(run, (name, number, _) => run.Expected[$"uniform.{name}"][number - 1].clone(), "uniform"),
        };
        using var optimizer = run.Wrap(recipe with { Combiner = gate }, PlainSgd(run, 0));
        Tensor Backward(int step)
        {
            using var scope = NewDisposeScope();
            var loss = nn.functional.cross_entropy(run.Problem.Logits(run.Problem.Inputs(step), trunk: "layer."), run.Problem.Labels(step));
            loss.backward();
            return loss.MoveToOuterDisposeScope();
        }
        optimizer.MeasureFisherGate([.. Enumerable.Range(0, perEpoch).Select(batch => new Func<Tensor>(() => Backward(batch)))]);
        var moments = run.Problem.Parameters.ToDictionary(p => p.Key, p => (Zeros(p.Value), Zeros(p.Value)));
        static Tensor Zeros(Tensor like) => zeros_like(like, requires_grad: false);
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            foreach (var slot in optimizer.Parameters.Where(gate.IsGated))
                run.Near($"gate.{run.NameOf(slot)}", t / perEpoch, optimizer.Memory.Of(gate).Find("gate", slot)!);
            optimizer.Gradient(() => Backward(t)).Dispose();
            foreach (var (name, parameter) in run.Problem.Parameters) Update(run, t + 1, parameter, moments[name]);
            run.WeightsNear(t);
        }
        Assert.True(epochs > 1);
    }

    private static void Update(GoldenRun run, int t, Tensor w, (Tensor First, Tensor Second) moments)
    {
        using var noGradient = no_grad();
        var (g, lr) = (w.grad!, run.Number("lr"));
        var (beta1, beta2) = (run.Settings.GetProperty("betas")[0].GetDouble(), run.Settings.GetProperty("betas")[1].GetDouble());
        moments.First.MultiplyBy(beta1).IncreaseBy(g, 1 - beta1);
        moments.Second.MultiplyBy(beta2).IncreaseByProduct(g, g, 1 - beta2);
        var rate = lr * Math.Sqrt(1 - Math.Pow(beta2, t)) / (1 - Math.Pow(beta1, t));
        w.IncreaseBy(moments.First.div(moments.Second.sqrt().Plus(run.Number("eps"))), -rate);
        if (w.dim() > 1) w.MultiplyBy(1 - (lr * run.Number("weight_decay")));
    }

    private static void Balanced(GoldenRun run)
    {
        var rule = new TempBalance
        {
            Least = run.Number("lr_min_ratio"),
            Most = run.Number("lr_max_ratio"),
            FewestEigenvalues = run.Whole("eigs_thresh"),
            Parts = run.Number("xmin_pos"),
            ConvolutionScale = run.Number("conv_norm"),
        };
        var tails = new List<SpectralTail>();
        for (var layer = 0; run.Expected.TryGetValue($"weight.layer{layer}", out var weight); layer++)
        {
            void Near(string what, double actual) => run.Near(what, layer, tensor(actual, float64));
            tails.Add(rule.TailOf(weight));
            Near("alpha", tails[layer].Alpha);
            Near("D", tails[layer].Distance);
            Near("spectral_norm", tails[layer].Largest);
            Near("eigs_num", tails[layer].Eigenvalues);
            Near("alpha.goodness_of_fit", (rule with { FindsBestTail = true }).TailOf(weight).Alpha);
        }
        var alphas = tails.Where(tail => tail.Eigenvalues >= rule.FewestEigenvalues).Select(tail => tail.Alpha).ToArray();
        var maps = new Dictionary<string, TempBalance>
        {
            ["linear_map"] = rule,
            ["sqrt"] = rule with { ProportionalTo = Math.Sqrt },
            ["log2"] = rule with { ProportionalTo = Math.Log2 },
            ["step"] = rule with { ByRanks = true },
        };
        foreach (var (name, map) in maps)
        {
            var rates = map.RatesOf(alphas, run.Number("lr"));
            for (var i = 0; i < rates.Length; i++) run.Near($"lr.tb_{name}", i, tensor(rates[i], float64));
            Assert.NotEmpty(rates);
        }
    }
}
