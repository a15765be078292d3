using SamSharp.Optimizers;

namespace SamSharp.Tests.Golden;

/// <content>Complete optimizers. They have kernels of their own, so the cases' kernels make no difference.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> Optimizers => new()
    {
        ["team-approx-bayes/bayesian-sam: build_bsam_optimizer"] = Bayesian,
        ["LOG-postech/Sassha: SASSHA"] = SecondOrder,
        ["LOG-postech/Sassha: MSASSHA (repaired)"] = AlongMomentum,
    };

    private static void Bayesian(GoldenRun run)
    {
        var draws = new GivenNoise(run, (name, number, draw) => run.Expected[$"noise.{name}"][number - 1][draw]);
        using var optimizer = new BSam(run.Problem.Parameters.Values, run.Number("Ndata"), run.Number("learningrate"), run.Number("rho"),
            run.Number("beta1"), run.Number("beta2"), run.Number("wdecay"), run.Number("damping"), run.Number("s_init"), draws);
        var parts = run.Whole("msharpness");
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            var step = t;
            run.Near("loss", t, optimizer.Step(
                [.. Enumerable.Range(0, parts).Select(part => new BatchPart(() => run.Problem.BackwardPart(step, part, parts)))]));
            run.WeightsNear(t);
            foreach (var (parameter, state) in run.Problem.Parameters.Zip(optimizer.state_dict().State))
                run.Near($"s.{parameter.Key}", t + 1, ((ParameterState)state)["precisions"]!);
        }
    }

    /// <summary>With the peer's estimates of the Hessian's diagonal: its own mix two points, see the README of the golden values.</summary>
    private static void SecondOrder(GoldenRun run)
    {
        var power = run.Settings.GetProperty("hessian_power_scheduler");
        var (from, to) = (power.GetProperty("min_value").GetDouble(), power.GetProperty("max_value").GetDouble());
        var lazy = run.Whole("lazy_hessian");
        var betas = run.Settings.GetProperty("betas");
        using var optimizer = new Sassha(run.Problem.Parameters.Values, run.Number("lr"), run.Number("rho"), betas[0].GetDouble(),
            betas[1].GetDouble(), run.Number("eps"), run.Number("weight_decay"), lazy,
            power.GetProperty("class").GetString() == "LinearScheduler"
                ? Ramp.Linear(from, to, power.GetProperty("T_max").GetInt32())
                : _ => from)
        {
            Diagonals = (number, slot) => run.Expected[$"hess.{run.NameOf(slot)}"][(number - 1) / lazy],
        };
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            run.Near("loss", t, optimizer.Step(() => run.Problem.Loss(t)));
            run.WeightsNear(t);
        }
    }

    /// <summary>The peer carries the perturbed weights; ours are the center. Estimates are our own, from the peer's signs.</summary>
    private static void AlongMomentum(GoldenRun run)
    {
        var betas = run.Settings.GetProperty("betas");
        Assert.Equal(1, run.Whole("n_samples"));
        using var optimizer = Sassha.AlongMomentum(run.Problem.Parameters.Values, run.Number("lr"), run.Number("rho"), betas[0].GetDouble(),
            betas[1].GetDouble(), run.Number("eps"), run.Number("weight_decay"), run.Whole("lazy_hessian"), _ => run.Number("hessian_power"),
            new GivenNoise(run, (name, number, _) => run.Expected[$"z.{name}"][number - 1].clone(), "z"));
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            run.Near("loss", t, optimizer.Step(() => run.Problem.Loss(t)));
            foreach (var (name, value) in run.Problem.Parameters) run.Near($"center.{name}", t + 1, value);
        }
    }
}
