using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>Combiners that go to further points, and rules for the length of a step.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Points => new()
    {
        ["xxgege/GAM: GAM"] = run => run.Drive(Recipe.Gam(run.Number("grad_rho"), run.Number("grad_norm_rho"), run.Number("grad_beta_1"),
            run.Number("grad_beta_2"), run.Number("grad_beta_3"), run.Number("grad_gamma")) with
        { Geometry = BallOf(run) }),
        ["WanNaa/C-Flat: C_Flat"] = run => run.Drive(Recipe.CFlat(run.Number("rho"), run.Number("lamb")) with { Geometry = BallOf(run) }),
        ["Wang-pengfei/SAGM: SAGM"] = run =>
        {
            var recipe = Recipe.Sagm(run.Number("rho"), run.Number("alpha"));
            run.Drive(recipe with { Geometry = ((ShortenedGeometry)recipe.Geometry) with { Wrapped = BallOf(run) } });
        },
        ["YUNBLAK/Sharpness-Aware-Minimization-with-Z-Score-Gradient-Filtering: Net.SAM (hparams.zsam)"] = run =>
            run.Drive(Recipe.ZSharp(run.Number("rho"), run.Number("alpha"))),
        ["litian96/TSAM: TSAM"] = Tilted,
        ["RSAM-Optimizer/R-SAM: make_update_fn"] = Smoothed,
        ["Hiroki11x/smoothness_aware_sam: SAM + Adsgd"] = run =>
        {
            var recipe = Recipe.SmoothnessAdaptiveSam(run.Number("lr"), run.Number("weight_decay"), asInCode: true, run.Number("amplifier"),
                run.Number("damping"));
            var part = (SmoothnessAdaptive)recipe.Combiner with { Epsilon = run.Number("eps"), FirstTheta = run.Number("theta") };
            OwnRate(run, recipe with { Geometry = part, Combiner = part });
        },
        ["dimitris-oik/sam_sps: numpy_exps: SA_SAM"] = run => OwnRate(run, Recipe.SmoothnessAdaptiveSam(run.Number("eta0"))),
        ["dimitris-oik/sam_sps: SAM_SPS"] = run => OwnRate(run, Recipe.SamPolyak(run.Number("rho"), run.Number("f_star"), run.Number("gamma_b"),
            run.Number("lambd"), run.Number("weight_decay"))),
        ["dimitris-oik/sam_sps: numpy_exps: Unified_SAM"] = run =>
            run.Drive(Recipe.UnifiedSam(run.Number("rho"), run.Number("lambd")), PlainSgd(run, run.Number("gamma"))),
        ["dimitris-oik/sam_sps: numpy_exps: LightSAM_I"] = run =>
            Accumulated(run, Recipe.LightSamNorm(run.Number("rho")), run.Number("eta")),
        ["dimitris-oik/sam_sps: numpy_exps: LightSAM_II"] = run =>
            Accumulated(run, Recipe.LightSam(run.Number("rho")), run.Number("eta")),
        ["dimitris-oik/sam_sps: numpy_exps: LightSAM_III"] = run =>
            Accumulated(run, Recipe.LightSamAdam(run.Number("rho"), run.Number("beta1"), run.Number("beta2")), run.Number("eta")),
        ["dimitris-oik/sam_sps: numpy_exps: AdaSAM"] = run =>
            Accumulated(run, Recipe.AdaSam(run.Number("rho"), run.Number("beta1"), run.Number("beta2")), run.Number("gamma")),
        ["lblaoke/EMCMC: utils.reg_noise, utils.lr_decay"] = Anchored,
        ["scongl/Focal-SAM: FocalSAM, focal_sam_step"] = Focal,
    };

    private static IGeometry BallOf(GoldenRun run) => run.Is("adaptive") ? new AdaptiveGeometry(Kappa: 0) : new EuclideanGeometry();

    private static optim.Optimizer PlainSgd(GoldenRun run, double rate) => run.Bases.Sgd(new BaseGroup(run.Problem.Parameters.Values, rate));

    /// <summary>The recipe finds the length of the step.</summary>
    private static void OwnRate(GoldenRun run, SharpnessAwareOptions recipe) => run.Drive(recipe, PlainSgd(run, 1));

    /// <summary>Sums and averages of squares begin at the square of the run's eps.</summary>
    private static void Accumulated(GoldenRun run, SharpnessAwareOptions recipe, double rate)
    {
        var combiner = (AccumulatedGradient)recipe.Combiner;
        var rule = combiner.Rule with { Epsilon = run.Number("eps") };
        run.Drive(recipe with
        {
            Direction = recipe.Direction is AccumulatedDirection direction ? direction with { Rule = rule } : recipe.Direction,
            Combiner = combiner with { Rule = rule },
        }, PlainSgd(run, rate));
    }

    /// <summary>The peer's uniform noise is a little shorter than the radius, by a power of a uniform number.</summary>
    private static void Tilted(GoldenRun run)
    {
        var recipe = Recipe.Tsam(run.Number("rho"), run.Number("tilt"), run.Whole("num_samples"), run.Number("radius"), run.Number("scaling"),
            run.Text("epsilon") == "uniform");
        using var optimizer = run.Wrap(recipe with
        {
            Direction = new RandomDirection(SeveralDraws(run)),
            Geometry = run.Text("epsilon") != "uniform" ? recipe.Geometry : new NormedGeometry(recipe.Geometry, (ascent, norm) =>
                norm.Over(Math.Pow(run.Expected["uniform"][ascent.Step - 1][ascent.Draw].to(float64).item<double>(), 1e-8))),
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            optimizer.Step(() => run.Problem.Backward(t)).Dispose();
            run.WeightsNear(t);
        }
    }

    /// <summary>Noise and radius follow the step and the learning rate, which falls along a cosine.</summary>
    private static void Smoothed(GoldenRun run)
    {
        var radius = RadiusSchedule.TiedToLearningRate(run.Number("rho_min"), run.Number("lr_min"), run.Number("lr_max"), run.Whole("early_steps"));
        var (noise, total) = (new RandomDirection(OneDraw(run)), run.Whole("total_steps"));
        var recipe = Recipe.RSam(run.Number("rho_max"), run.Number("sigma"), total, 1 + run.Number("inc"), radius);
        using var optimizer = run.Wrap(recipe with
        {
            Direction = noise,
            // In the peer the noise shrinks again after the last step.
            Schedule = RadiusSchedule.From((info, sigma) => info.Step <= total + 1
                ? recipe.Schedule.At(info, sigma)
                : sigma * (1 + (run.Number("inc") * (1 - Math.Cos(Math.PI * (info.Step - 1) / total)) / 2))),
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var rate = run.Expected["lr"][t].to(float64);
            foreach (var group in optimizer.ParamGroups) group.LearningRate = rate.item<double>();
            optimizer.Step(() => run.Problem.Backward(t)).Dispose();
            run.NearLoss("rho", t, 0, radius.At(new StepInfo(t + 1, rate.item<double>(), 0, 0), run.Number("rho_max")));
            run.WeightsNear(t);
        }
    }

    /// <summary>The rates are given; the anchor may begin elsewhere.</summary>
    private static void Anchored(GoldenRun run)
    {
        var decay = GoldenBase.Common(run.Entry, "weight_decay");
        var recipe = Recipe.EntropyMcmc(run.Whole("datasize"), run.Number("eta"), run.Number("temperature"), decay);
        var combiner = (CoupledAnchor)recipe.Combiner with
        {
            Noise = new GivenNoise(run, (name, number, draw) =>
                run.Expected[$"{(draw == 0 ? "noise" : "noise_anchor")}.{name}"][number - 1].clone()),
        };
        using var optimizer = run.Wrap(recipe with { Combiner = combiner }, run.Bases.Sgd(
            new BaseGroup(run.Problem.Parameters.Values, run.Number("lr0")) { WeightDecay = decay }));
        foreach (var slot in optimizer.Parameters)
            optimizer.Memory.Of(combiner).Put(CoupledAnchor.Anchor, slot, run.Expected[$"anchor.{run.NameOf(slot)}"][0].to(run.Dtype).clone());
        optimizer.Memory.Commit();
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            foreach (var group in optimizer.ParamGroups) group.LearningRate = run.Expected["lr"][t].to(float64).item<double>();
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            run.Near("loss", t, loss);
            run.WeightsNear(t);
            foreach (var (slot, anchor) in optimizer.Anchors()) run.Near($"anchor.{run.NameOf(slot)}", t + 1, anchor);
        }
    }

    private static void Focal(GoldenRun run)
    {
        var counts = run.Settings.GetProperty("class_counts").EnumerateArray().Select(count => count.GetInt64()).ToArray();
        using var weights = tensor(SamSharp.Objectives.FocalWeights(counts, run.Number("sharpness"), run.Number("flat_gamma")), run.Dtype);
        using var optimizer = run.Wrap(new SharpnessAwareOptions { Rho = run.Number("rho"), Geometry = BallOf(run) });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var own = weights.index_select(0, run.Problem.Labels(t));
            using var loss = optimizer.FocalStep(() => run.Problem.SampleLosses(t, null), own);
            run.Near("loss", t, loss);
            run.WeightsNear(t);
        }
    }
}
