using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>Ascents of another loss.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Objectives => new()
    {
        ["LIONS-EPFL/BiSAM: SAM (utility/sam.py) with loss_fnc.py"] = run =>
        {
            using var optimizer = run.Wrap(Recipe.Sam(run.Number("rho")));
            for (var t = 0; t < run.Problem.Steps; t++)
            {
                var mu = run.Number("mu");
                using var loss = optimizer.Step(() => run.Problem.Backward(t), ascent: () =>
                {
                    using var logits = run.Problem.Logits(t);
                    var bound = run.Settings.GetProperty("loss").GetString() == "tanh"
                        ? SamSharp.Objectives.MisclassificationTanh(logits, run.Problem.Labels(t), mu, run.Number("alpha"))
                        : SamSharp.Objectives.MisclassificationLog(logits, run.Problem.Labels(t), mu);
                    bound.backward();
                    return bound;
                });
                run.Near("loss", t, loss.Times(mu)); // the peer leaves out the factor 1/mu
                run.Near("loss_adv", t, tensor(optimizer.LastStep.PerturbedLoss, run.Dtype));
                run.WeightsNear(t);
            }
        },
        ["tomsherborne/tram_optimizer: TRAM + KLDivergence"] = Tram,
        ["tomsherborne/tram_optimizer: TRAM + MaximumMeanDiscrepancy"] = Tram,
        ["tomsherborne/tram_optimizer: MaximumMeanDiscrepancy, KLDivergence"] = Divergences,
        ["AngusDujw/SAF: train_one_epoch of SAF_train.py"] = Trajectory,
        ["AngusDujw/SAF: train_one_epoch of MESA_train.py"] = Trajectory,
    };

    /// <summary>The peer's class leaves the gradient out of its ascent, which the runs from the text have.</summary>
    private static void Tram(GoldenRun run)
    {
        var (step, scale) = (0, run.Number("logit_scale"));
        using var average = WeightAverage.Exponential(run.Problem, run.Number("decay"));
        Tensor Target()
        {
            if (run.Text("target") == "noise")
                return run.Problem.Logits(run.Problem.Inputs(step).Plus(run.Expected["noise.x"][step], run.Number("noise_std")));
            using var swapped = average.SwapIn();
            return run.Problem.Logits(step);
        }
        double Measured()
        {
            using var scope = NewDisposeScope();
            Tensor current = run.Problem.Logits(step), target = Target();
            var divergence = run.Text("divergence") == "kl"
                ? Kl(run.Text("kl_type"), target, current).Over(current.shape[1])
                : SamSharp.Objectives.MaximumMeanDiscrepancy(current, target, KernelOf(run.Text("kernel")));
            var value = divergence.Over(current.shape[0]).item<double>();
            run.Near("divergence", step, tensor(value, run.Dtype));
            return value * scale;
        }
        var recipe = Recipe.Tram(() => tensor(Measured(), float64)) with
        {
            Geometry = run.Is("adaptive") ? new AdaptiveGeometry(Kappa: 0) : new EuclideanGeometry(),
        };
        if (!run.Is("with_gradient")) recipe = recipe with { Geometry = new OnesGeometry(recipe.Geometry, run.Is("adaptive")) };
        using var optimizer = run.Wrap(recipe);
        for (; step < run.Problem.Steps; step++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(step));
            run.Near("loss", step, loss);
            if (optimizer.LastStep.Perturbed) run.NearLoss("loss_adv", step, 0, optimizer.LastStep.PerturbedLoss);
            run.WeightsNear(step);
            WithWeightsOf(run, step, average.Update);
        }
    }

    /// <summary>Does something with the weights that a step began with.</summary>
    private static void WithWeightsOf(GoldenRun run, int step, Action act)
    {
        using var noGradient = no_grad();
        var now = run.Problem.Parameters.ToDictionary(p => p.Key, p => p.Value.clone());
        foreach (var (name, parameter) in run.Problem.Parameters) parameter.copy_(run.Expected[$"traj.{name}"][step]);
        act();
        foreach (var (name, parameter) in run.Problem.Parameters) parameter.copy_(now[name]);
    }

    /// <summary>A mean over examples; the peer takes it over all elements.</summary>
    private static Tensor Kl(string kind, Tensor first, Tensor second) => kind switch
    {
        "forward" => SamSharp.Objectives.ForwardKl(second, first),
        "reverse" => SamSharp.Objectives.ReverseKl(second, first),
        _ => SamSharp.Objectives.SymmetricKl(second, first),
    };

    private static Func<Tensor, double, Tensor>? KernelOf(string name) => name switch
    {
        "imq" => (distance, b) => distance.Plus(b).DividedInto(b),
        "imq2" => null,
        "imq3" => (distance, b) => distance.Plus(b * b).DividedInto(b * b),
        _ => (distance, b) => distance.Over(-2 * b).exp(),
    };

    /// <summary>Values and gradients of the divergences themselves.</summary>
    private static void Divergences(GoldenRun run)
    {
        const string Prefix = "divergence.";
        var names = run.Expected.Keys.Where(key => key.StartsWith(Prefix, StringComparison.Ordinal)).Select(key => key[Prefix.Length..]);
        foreach (var name in names)
        {
            using var scope = NewDisposeScope();
            Tensor x = run.Expected["x"].clone().requires_grad_(true), y = run.Expected["y"].clone().requires_grad_(true);
            var bandwidths = run.Settings.GetProperty("bandwidths").EnumerateArray().Select(b => b.GetDouble()).ToArray();
            var (kind, form) = (name.Split('.')[0], name.Split('.')[1]);
            var value = kind == "mmd"
                ? SamSharp.Objectives.MaximumMeanDiscrepancy(x, y, KernelOf(form), bandwidths)
                : Kl(form, x, y).Over(x.shape[1]);
            if (kind == "mmd") run.Near($"mmd.{form}", 0, value);
            var divided = value.Over(x.shape[0]);
            run.Near($"divergence.{name}", 0, divided);
            divided.backward();
            for (var row = 0; row < x.shape[0]; row++)
            {
                run.Near($"grad_x.{name}", row, x.grad![row]);
                run.Near($"grad_y.{name}", row, y.grad![row]);
            }
        }
    }

    /// <summary>SAF's and MESA's term over a few batches, again and again.</summary>
    private static void Trajectory(GoldenRun run)
    {
        var (perEpoch, tau, weight) = (run.Whole("steps_per_epoch"), run.Number("temperature"), run.Number("reinforce"));
        var batch = run.Problem.Labels(0).shape[0];
        using var optimizer = run.Base();
        using var history = run.Has("minus_epoch") ? new LogitHistory(perEpoch * batch, run.Whole("minus_epoch")) : null;
        using var average = run.Has("decay") ? WeightAverage.Exponential(run.Problem, run.Number("decay")) : null;
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var scope = NewDisposeScope();
            var (epoch, place) = (t / perEpoch, t % perEpoch);
            Tensor EarlierOf(Tensor current)
            {
                if (history is not null) return history.Recall(epoch, ScalarArithmetic.Range(batch).Plus(place * batch), current);
                using var noGradient = no_grad();
                using var swapped = average!.SwapIn();
                return run.Problem.Logits(place);
            }
            var isOn = epoch > run.Whole("kl_start_epoch") && epoch < run.Whole("kl_end_epoch");
            using var probe = run.Problem.Logits(place);
            var earlier = isOn ? EarlierOf(probe) : null;
            foreach (var parameter in run.Problem.Parameters.Values) parameter.grad = null;
            var logits = run.Problem.Logits(place);
            var loss = nn.functional.cross_entropy(logits, run.Problem.Labels(place));
            run.Near("loss", t, loss);
            if (earlier is not null) loss = loss.Plus(SamSharp.Objectives.Trajectory(logits, earlier, weight, tau));
            run.Near("loss_total", t, loss);
            loss.backward();
            history?.Store(epoch, ScalarArithmetic.Range(batch).Plus(place * batch), logits);
            optimizer.step();
            run.WeightsNear(t);
            average?.Update();
            foreach (var name in run.Problem.Parameters.Keys.Where(_ => average is not null))
                run.Near($"ema.{name}", t + 1, average!.StateDictionary()[name]);
        }
    }

    /// <summary>Ones in place of the gradient, which alone is in the norm.</summary>
    private sealed record OnesGeometry(IGeometry Wrapped, bool Adaptive) : GeometryDecorator(Wrapped)
    {
        public override Tensor Norm(Ascent ascent)
        {
            var norm = Wrapped.Norm(ascent);
            foreach (var bucket in ascent.Buckets) bucket.Direction = Array.ConvertAll(bucket.Direction, Tensor (vector) => ones_like(vector));
            return norm;
        }
    }
}
