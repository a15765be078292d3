using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class SelfFeedbackTests
{
    [Fact]
    public void The_refiner_sees_through_the_perturbation()
    {
        var student = SmallNetwork.Create(2, 6, 3, seed: 1);
        var (x, _) = Clusters.Balanced(5, 3, seed: 2);
        var logits = randn([5, 3], float64).requires_grad_();
        SelfFeedback.Sharpness(student, x, logits, 0.3).backward();
        Assert.All(student, weight => Assert.Null(weight.grad));
        double At(int row, int label, double shift)
        {
            var moved = logits.detach().clone();
            moved[row, label].IncreaseBy(shift);
            return SelfFeedback.Sharpness(student, x, moved, 0.3).ReadDouble();
        }
        const double h = 1e-5;
        foreach (var (row, label) in new[] { (0, 0), (2, 1), (4, 2) })
            Assert.Equal((At(row, label, h) - At(row, label, -h)) / (2 * h), logits.grad![row, label].ReadDouble(), 1e-7);
    }

    [Fact]
    public void The_sharpness_is_the_rise_that_a_step_of_SAM_sees()
    {
        var student = SmallNetwork.Create(2, 6, 3, seed: 1);
        var (x, _) = Clusters.Balanced(5, 3, seed: 2);
        var logits = randn([5, 3], float64);
        using var optimizer = new FusedSGD(student, 0.1).WithSharpnessAwareness(0.3);
        var here = optimizer.Gradient(() =>
        {
            var loss = CrossEntropy(student, x, logits);
            loss.backward();
            return loss;
        }).ReadDouble();
        var rise = SelfFeedback.Sharpness(student, x, logits, 0.3).ReadDouble();
        Assert.Equal(optimizer.LastStep.PerturbedLoss - here, rise, 1e-12);
        Assert.True(rise > 0);
    }

    /// <summary>p = (0.6, 0.3, 0.1), true class 1, ratio 2: q_1 = 2 q_0, both tied to the geometric mean p_1^(2/3) (2 p_0)^(1/3).</summary>
    [Fact]
    public void Labels_are_projected_so_that_the_true_class_leads()
    {
        var logits = tensor(new[] { 0.6, 0.3, 0.1 }, [1, 3]).log();
        var q = SelfFeedback.Project(logits, tensor(new[] { 1L }), 2).ReadAll<double>();
        var threshold = Math.Pow(0.3, 2.0 / 3) * Math.Pow(1.2, 1.0 / 3);
        var sum = (1.5 * threshold) + 0.1;
        Assert.Equal(threshold / sum, q[1], 1e-12);
        Assert.Equal(threshold / 2 / sum, q[0], 1e-12);
        Assert.Equal(0.1 / sum, q[2], 1e-12);

        // Nothing else that obeys is closer.
        static double Divergence(double[] q) => q.Zip([0.6, 0.3, 0.1], (own, p) => own * Math.Log(own / p)).Sum();
        var least = Divergence(q);
        for (var a = 0.01; a < 0.5; a += 0.01)
        {
            for (var c = 0.01; c < 0.98 - a; c += 0.01)
            {
                double[] other = [a, 1 - a - c, c];
                if (other[1] >= 2 * a && other[1] >= 2 * c) Assert.True(Divergence(other) >= least);
            }
        }
    }

    [Fact]
    public void Labels_that_obey_stay()
    {
        var logits = tensor(new[] { 0.2, 0.7, 0.1 }, [1, 3]).log();
        Assert.True(SelfFeedback.Project(logits, tensor(new[] { 1L }), 2).allclose(logits.softmax(1)));
    }

    [Fact]
    public void A_step_moves_student_and_refiner_each_by_its_own_loss()
    {
        var (student, refiner) = (SmallNetwork.Create(2, 6, 3, seed: 1), SmallNetwork.Create(2, 6, 3, seed: 2));
        var (first, second) = (SmallNetwork.Copy(student), SmallNetwork.Copy(refiner));
        (Tensor X, Tensor Y)[] domains = [Clusters.Balanced(9, 3, 1), Clusters.Balanced(9, 3, 2, angle: 0.5)];
        using var optimizer = new FusedSGD(student, 0.1).WithSharpnessAwareness(0.05);
        using var refining = new FusedSGD(refiner, 0.1);
        SelfFeedback.Step(optimizer, student, refining, refiner, domains, own: 0, other: 1);
        Assert.All(student.Zip(first), pair => Assert.False(pair.First.allclose(pair.Second)));

        // The refiner's: cross-entropy to the projected labels + 0.1 S + 0.1 |S - S'|, around the student after its step.
        Tensor[] logits = [.. domains.Select(domain => SmallNetwork.Forward(second, domain.X))];
        var target = cat([.. logits.Zip(domains, (own, domain) => SelfFeedback.Project(own, domain.Y, 2))]);
        var rises = logits.Zip(domains, (own, domain) => SelfFeedback.Sharpness(student, domain.X, own, 0.05)).ToArray();
        var loss = target.mul(cat(logits).log_softmax(1)).sum(1).mean().neg().Plus(rises[0], 0.1).Plus(rises[0].sub(rises[1]).abs(), 0.1);
        loss.backward();
        foreach (var (moved, was) in refiner.Zip(second)) Assert.True(moved.allclose(was.Plus(was.grad!, -0.1), rtol: 1e-10, atol: 1e-12));
    }

    private static Tensor CrossEntropy(Parameter[] weights, Tensor x, Tensor logits) =>
        SmallNetwork.Forward(weights, x).log_softmax(1).mul(logits.softmax(1)).sum(1).mean().neg();
}
