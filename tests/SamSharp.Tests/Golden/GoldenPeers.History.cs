using SamSharp.Steps;

namespace SamSharp.Tests.Golden;

/// <content>Ascents that follow what was seen in earlier steps.</content>
internal static partial class GoldenPeers
{
    private static Dictionary<string, Action<GoldenRun>> History => new()
    {
        ["BingcongLi/VaSSO: VASSO"] = run => run.Drive(Recipe.Vasso(run.Number("rho"), run.Number("theta"))),
        ["nblt/F-SAM: FriendlySAM"] = run => run.Drive(Recipe.FriendlySam(run.Number("rho"), run.Number("sigma"), run.Number("lmbda")) with
        {
            Geometry = run.Is("adaptive") ? new AdaptiveGeometry(Kappa: 0) : new EuclideanGeometry(),
        }),
        ["MarlonBecker/MSAM: MSAM"] = run => Momentum(run, new PerturbedDecay(run.Number("weight_decay")),
            run.Bases.Sgd(new BaseGroup(run.Problem.Parameters.Values, run.Number("lr")) { Momentum = run.Number("momentum") })),
        ["MarlonBecker/MSAM: AdamW_MSAM"] = run => Momentum(run, new LateDecay(run.Number("weight_decay")),
            run.Bases.AdamW(new BaseGroup(run.Problem.Parameters.Values, run.Number("lr"))
            {
                Beta1 = Beta(run, 0),
                Beta2 = Beta(run, 1),
                Epsilon = run.Number("eps"),
            })),
        ["LIONS-EPFL/SAMPa: train.py: run()"] = LookAhead,
        ["jjsrf/SSAM-NEURIPS2024: SAM(v2=True)"] = run => OnePass(run, Recipe.StaleSam(run.Number("rho")), run.Problem.Backward),
        ["JinseongP/DPSAT: DPSAT"] = run => OnePass(run, Recipe.DpSat(run.Number("rho")), t => Privatized(run, t)),
        ["JinseongP/DPSAT: DPSATMomentum"] = run => OnePass(run, Recipe.DpSatMomentum(run.Number("rho")), t => Privatized(run, t)),
        ["YL-wang/GraphSAM: GraphSAM"] = Graphs,
        ["RitianLuo/EigenSAM: SAM, estimate_largest_eigenvector, modify_gradient_with_projection"] = Eigenvector,
        ["google-deepmind/optax: contrib.sam, contrib.normalize"] = run => run.Drive(
            Recipe.MomentumAscentSam(run.Whole("sync_period") - 1, run.Number("adv_momentum"), run.Number("rho")) with
            {
                Direction = new AscentMomentum(run.Number("adv_momentum"), Keeps: !run.Is("reset_state"), run.Is("adv_normalize")),
            },
            run.Bases.Sgd(new BaseGroup(run.Problem.Parameters.Values, run.Number("lr")) { Momentum = run.Number("momentum") }), further: ^1),
    };

    private static double Beta(GoldenRun run, int i) => run.Settings.GetProperty("betas")[i].GetDouble();

    /// <summary>The peer's weights are perturbed between steps: those of this library's one pass. Its centers are this library's weights.</summary>
    private static void Momentum(GoldenRun run, ICombiner combiner, optim.Optimizer baseOptimizer)
    {
        using var optimizer = run.Wrap(Recipe.MomentumSam(run.Number("rho")) with { Combiner = combiner }, baseOptimizer);
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() =>
            {
                run.WeightsNear(t - 1);
                return run.Problem.Backward(t);
            });
            run.Near("loss", t, loss);
            foreach (var (name, value) in run.Problem.Parameters) run.Near($"center.{name}", t + 1, value);
        }
    }

    /// <summary>The perturbed gradient on the previous batch, the one at the look-ahead point on this.</summary>
    private static void LookAhead(GoldenRun run)
    {
        using var optimizer = run.Wrap(Recipe.Sampa(run.Number("rho"), run.Number("og")));
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            var looked = 0;
            using var loss = optimizer.Step(() => run.Problem.Backward(Math.Max(t - 1, 0)), ascent: () =>
            {
                looked++;
                var ahead = run.Problem.Backward(t);
                run.Near("loss", t, ahead);
                return ahead;
            });
            Assert.Equal(1, looked);
            run.Near("loss_adv", t, loss);
            run.WeightsNear(t);
        }
    }

    /// <summary>One pass a step, at the perturbed weights.</summary>
    private static void OnePass(GoldenRun run, SharpnessAwareOptions recipe, Func<int, Tensor> backward)
    {
        using var optimizer = run.Wrap(recipe);
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => backward(t));
            run.Near("loss_adv", t, loss);
            run.WeightsNear(t);
        }
    }

    /// <summary>The mean loss of a batch. The gradients are those of its samples, each clipped, with noise on their sum.</summary>
    private static Tensor Privatized(GoldenRun run, int t)
    {
        using var scope = NewDisposeScope();
        var (batch, clip) = (run.Problem.Labels(t).shape[0], run.Number("max_grad_norm"));
        var sums = run.Problem.Parameters.ToDictionary(p => p.Key, p => zeros_like(p.Value, requires_grad: false));
        for (var sample = 0; sample < batch; sample++)
        {
            foreach (var parameter in run.Problem.Parameters.Values) parameter.grad = null;
            run.Problem.BackwardPart(t, sample, (int)batch);
            var gradients = run.Problem.Parameters.ToDictionary(p => p.Key, p => p.Value.grad!);
            var norm = Math.Sqrt(gradients.Values.Sum(g => g.Squared().sum().item<double>()));
            foreach (var (name, gradient) in gradients) sums[name].IncreaseBy(gradient, Math.Min(1, clip / (norm + 1e-6)));
        }
        foreach (var (name, parameter) in run.Problem.Parameters)
        {
            sums[name].IncreaseBy(run.Expected[$"noise.{name}"][t], run.Number("noise_multiplier") * clip);
            parameter.grad = sums[name].Over(batch);
        }
        return run.Problem.Loss(t).MoveToOuterDisposeScope();
    }

    /// <summary>In the peer, a step that does not refresh the direction has a norm of 0, and the radius shrinks by a power that grows.</summary>
    private static void Graphs(GoldenRun run)
    {
        var (perEpoch, every, gamma) = (run.Whole("steps_per_epoch"), run.Whole("epoch_steps"), run.Number("gamma"));
        var (rho, radius) = (run.Number("rho"), run.Number("radius"));
        var recipe = Recipe.GraphSam(perEpoch, every, radius, run.Number("alpha"), gamma, run.Is("adaptive"));
        bool Refreshes(long step) => (step - 1) % perEpoch == 0;
        using var optimizer = run.Wrap(recipe with
        {
            Schedule = RadiusSchedule.From((info, given) =>
            {
                for (var epoch = 0; epoch <= (info.Step - 1) / perEpoch; epoch++)
                {
                    if (epoch % every == 0) given *= Math.Pow(gamma, epoch / every);
                }
                return given;
            }),
            Geometry = new NormedGeometry(recipe.Geometry,
                (ascent, norm) => Refreshes(ascent.Step) ? norm.Times(radius / rho) : norm.FullLike(1e-30)),
        });
        for (var t = 0; t < run.Problem.Steps; t++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(t));
            if (Refreshes(t + 1)) run.Near("loss", t, loss);
            run.WeightsNear(t);
        }
    }

    /// <summary>The peer estimates in steps of its own, and does not normalize before the first estimate.</summary>
    private static void Eigenvector(GoldenRun run)
    {
        var (perEpoch, every) = (run.Whole("steps_per_epoch"), run.Whole("freq"));
        bool IsDue(long step) => (step - 1) % perEpoch is var i && i > 0 && i % every == 0;
        var current = 0;
        using var optimizer = run.Wrap(new SharpnessAwareOptions
        {
            Rho = run.Number("rho"),
            Schedule = new ByNormUntil(step => Enumerable.Range(1, (int)step).Any(earlier => IsDue(earlier))),
            Direction = new EigenvectorDirection(run.Problem, () => run.Problem.Loss(current), run.Number("alpha"),
                Iterations: run.Whole("power_steps"))
            {
                First = slot => run.Expected[$"start_vector.{run.NameOf(slot)}"][0].to(run.Dtype).clone(),
                IsDue = IsDue,
            },
            Geometry = new RawGeometry(),
        });
        for (; current < run.Problem.Steps; current++)
        {
            using var loss = optimizer.Step(() => run.Problem.Backward(current));
            run.Near("loss", current, loss);
            run.WeightsNear(current);
        }
    }

    /// <summary>The radius is multiplied by the gradient's norm until something holds for a step.</summary>
    private sealed record ByNormUntil(Func<long, bool> Holds) : IRadiusSchedule
    {
        public double At(StepInfo info, double rho) => rho;

        public double After(FirstPassReport first, StepInfo info, double radius) => Holds(info.Step) ? radius : radius * first.GradientNorm;
    }

    /// <summary>A geometry that is told another norm.</summary>
    private sealed record NormedGeometry(IGeometry Wrapped, Func<Ascent, Tensor, Tensor> Change) : GeometryDecorator(Wrapped)
    {
        public override Tensor Norm(Ascent ascent) => Change(ascent, Wrapped.Norm(ascent));
    }
}
