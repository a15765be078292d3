using SamSharp.Steps;
using SamSharp.Tests.Support;

namespace SamSharp.Tests.Algorithms;

/// <summary>Schedules that say in which steps, and how far, to ascend.</summary>
[TensorScope]
public class StepChoiceTests
{
    [Fact]
    public void Before_the_late_phase_it_is_the_base_bit_for_bit()
    {
        using var one = new Problem();
        using var other = new Problem();
        using var optimizer = optim.SGD(one.Parameters, 0.1, momentum: 0.9).WithSharpnessAwareness(Recipe.LatePhaseSam(4, 0.2));
        using var plain = optim.SGD(other.Parameters, 0.1, momentum: 0.9);
        for (var t = 0; t < 4; t++)
        {
            Assert.Equal(t < 3 ? 1 : 2, Passes(optimizer, one, t));
            plain.zero_grad();
            other.Backward(t).Dispose();
            plain.step();
            if (t == 2) Close.Bits(other.Weights(), one.Weights());
        }
        Assert.False(one.Weights().equal(other.Weights()).all().item<bool>());
        Assert.Throws<ArgumentOutOfRangeException>(() => RadiusSchedule.StartingAt(0));
    }

    [Fact]
    public void A_step_is_sharpness_aware_as_often_as_the_probability_says()
    {
        static double Share(double probability, long seed) =>
            Enumerable.Range(1, 10_000).Average(t => RadiusSchedule.AtRandom(probability, seed).At(new StepInfo(t, 0.1, 0.1, 0), 0.3) / 0.3);
        Assert.Equal(0, Share(0, 1));
        Assert.Equal(1, Share(1, 1), 12);
        Assert.InRange(Share(0.3, 1), 0.28, 0.32);
        Assert.InRange(Share(0.3, 2), 0.28, 0.32);
    }

    [Fact]
    public void A_random_choice_is_the_same_for_all_groups_and_after_a_resume_and_another_for_another_seed()
    {
        static bool[] Choices(long seed, int group) =>
            Enumerable.Range(1, 64).Select(t => RadiusSchedule.AtRandom(0.5, seed).At(new StepInfo(t, 0.1, 0.1, group), 1) > 0).ToArray();
        Assert.Equal(Choices(5, 0), Choices(5, 3));
        Assert.NotEqual(Choices(5, 0), Choices(6, 0));
        Resume.EqualsUninterrupted(problem => optim.SGD(problem.Parameters, 0.1).WithSharpnessAwareness(Recipe.RandomStepsSam(0.5, 0.3)));
    }

    [Fact]
    public void Random_steps_may_mix_both_gradients()
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 0.1).WithSharpnessAwareness(Recipe.WeightedRandomStepsSam(0.5, probability: 1, rho: 0.1));
        optimizer.Step(quadratic.Backward).Dispose();
        Close.To([(1.5 + 1.610940039) / 2, (-1 - 1.138675049) / 2], quadratic.FinalGradient);
    }

    [Fact]
    public void A_probability_may_change()
    {
        var schedule = RadiusSchedule.AtRandom(Ramp.Linear(0, 1, 4000));
        double Share(int from) => Enumerable.Range(from, 1000).Average(t => schedule.At(new StepInfo(t, 0.1, 0.1, 0), 1));
        Assert.InRange(Share(1), 0.08, 0.17);
        Assert.InRange(Share(3001), 0.83, 0.92);
        Assert.Equal(1, Share(4001), 12);
    }

    [Fact]
    public void Ramps_run_from_one_value_to_another()
    {
        Assert.Equal([1, 2, 3, 3], new long[] { 1, 5, 9, 100 }.Select(Ramp.Linear(1, 3, 8)));
        var cosine = Ramp.Cosine(1, 15, 8);
        Assert.Equal(1, cosine(1), 12);
        // 1 + 14 (1 - cos(pi / 4)) / 2
        Assert.Equal(3.050252532, cosine(3), 8);
        Assert.Equal(8, cosine(5), 12);
        Assert.Equal(15, cosine(9), 12);
        Assert.Equal(15, cosine(90), 12);
        Assert.Throws<ArgumentOutOfRangeException>(() => Ramp.Linear(0, 1, 0));
    }

    [Theory]
    [InlineData(0.1, 0.6)]
    [InlineData(0.06, 0.4)]
    [InlineData(0.02, 0.2)]
    [InlineData(0.0, 0.1)]
    public void A_radius_follows_the_learning_rate(double lr, double radius) =>
        Assert.Equal(radius, RadiusSchedule.TiedToLearningRate(0.1).At(new StepInfo(1, lr, 0.1, 0), 0.6), 12);

    [Fact]
    public void A_radius_tied_to_the_learning_rate_has_limits()
    {
        static double At(IRadiusSchedule schedule, double lr) => schedule.At(new StepInfo(1, lr, 0.1, 0), 0.6);
        Assert.Equal(0.6, At(RadiusSchedule.TiedToLearningRate(0.1, lrMin: 0.1), 0.1), 12);
        Assert.Equal(0, At(RadiusSchedule.TiedToLearningRate(0.1, lrMin: 0.09), 0.01));
        Assert.Equal(0.35, At(RadiusSchedule.TiedToLearningRate(0.1, lrMin: 0.1, lrMax: 0.3), 0.2), 12);
        Assert.Equal(0.1, RadiusSchedule.TiedToLearningRate(0.2, 0.1, 0.3, 2).At(new StepInfo(2, 0.05, 0.1, 0), 0.6), 12); // 0.6 * 0.05 / 0.3
        Assert.Equal(0.1, RadiusSchedule.TiedToLearningRate(0.2, 0.1, 0.3, 2).At(new StepInfo(3, 0.05, 0.1, 0), 0.6), 12); // 0.2 - 0.4 / 4
        Assert.Throws<ArgumentOutOfRangeException>(() => RadiusSchedule.TiedToLearningRate(-0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RadiusSchedule.TiedToLearningRate(warmupSteps: -1));
    }

    [Fact]
    public void The_gradients_norm_decides()
    {
        // z = 3.25 f^2; the thresholds mu + c s are 3.25, 5.150, 4.128, 6.640 - 0.333 * 7.579, 1.139 and -1.27.
        double[] factors = [1, 2, 1, 3, 0.5, 1];
        Assert.Equal([2, 2, 1, 2, 1, 2], PassesAt(factors, new GradientNormSchedule(6)));
        Assert.Equal([2, 2, 2, 2, 2, 2], PassesAt(factors, new GradientNormSchedule(6, Lambda1: -1e9, Lambda2: -1e9)));
        Assert.Equal([2, 1, 1, 1, 1, 1], PassesAt(factors, new GradientNormSchedule(6, Lambda1: 1e9, Lambda2: 1e9)));
        Assert.Equal([2, 2, 2], PassesAt([1, 1, 1], new GradientNormSchedule(6)));
    }

    [Fact]
    public void A_norm_that_is_not_finite_leaves_the_averages_as_they_are()
    {
        double[] factors = [1, 2, double.PositiveInfinity, 1, 3];
        Assert.Equal([2, 2, 2, 1, 2], PassesAt(factors, new GradientNormSchedule(60)));
    }

    [Fact]
    public void The_adaptive_policy_resumes_and_wants_a_gradient()
    {
        Resume.EqualsUninterrupted(problem => optim.SGD(problem.Parameters, 0.5).WithSharpnessAwareness(Recipe.AdaptivePolicySam(6, 0.3)));
        using var problem = new Problem();
        Assert.Contains("gradient at w", Assert.Throws<ArgumentException>(() => optim.SGD(problem.Parameters, 0.1)
            .WithSharpnessAwareness(Recipe.StaleSam() with { Schedule = new GradientNormSchedule(6) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_adaptive_policy_may_use_what_LookSAM_remembers()
    {
        static SharpnessAwareOptimizer Wrap(Problem problem, SharpnessAwareOptions recipe) =>
            optim.SGD(problem.Parameters, 0.5).WithSharpnessAwareness(recipe);
        static Tensor After(SharpnessAwareOptions recipe)
        {
            using var problem = new Problem();
            using var optimizer = Wrap(problem, recipe);
            for (var t = 0; t < 6; t++) optimizer.Step(() => problem.Backward(t)).Dispose();
            return problem.Weights();
        }

        Assert.False(After(Recipe.AdaptivePolicySam(6, 0.3)).allclose(After(Recipe.AdaptivePolicyLookSam(6, 0.3))));
        Close.Bits(After(Recipe.AdaptivePolicySam(6, 0.3)), After(Recipe.AdaptivePolicyLookSam(6, 0.3, alpha: 0)));
        Resume.EqualsUninterrupted(problem => Wrap(problem, Recipe.AdaptivePolicyLookSam(6, 0.3)));

        // A report of a step that climbed holds two tensors more than that of a plain one, so steps are compared with their like.
        using var problem = new Problem();
        using var optimizer = Wrap(problem, Recipe.AdaptivePolicyLookSam(12, 0.3));
        var alive = new List<(bool Perturbed, long Tensors)>();
        for (var t = 0; t < 12; t++)
        {
            optimizer.Step(() => problem.Backward(t)).Dispose();
            alive.Add((optimizer.LastStep.Perturbed, DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        }
        Assert.Equal(2, alive.Skip(1).Distinct().Count());
    }

    private static int[] PassesAt(double[] factors, IRadiusSchedule schedule)
    {
        var quadratic = new Quadratic();
        using var optimizer = optim.SGD([quadratic.W], 1e-30).WithSharpnessAwareness(new SharpnessAwareOptions { Rho = 0.1, Schedule = schedule });
        return factors.Select(factor =>
        {
            var before = quadratic.Points.Count;
            optimizer.Step(() => quadratic.Backward(factor)).Dispose();
            return quadratic.Points.Count - before;
        }).ToArray();
    }

    private static int Passes(SharpnessAwareOptimizer optimizer, Problem problem, int step)
    {
        var passes = 0;
        optimizer.Step(() =>
        {
            passes++;
            return problem.Backward(step);
        }).Dispose();
        return passes;
    }
}
