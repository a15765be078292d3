using SamSharp.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>Self-feedback training: a student makes SAM steps on soft labels, and a refiner of the labels learns from how sharp the student's loss is
/// on them.</summary>
/// <remarks>To go on after a stop, keep the weights of student and refiner, the states of both optimizers, and the choice of domains.</remarks>
[InDisposeScope]
internal static class SelfFeedback
{
    public const string Paper = "Self-feedback training: Li, Li, Shao, Gao, Wang, Xiang, \"Seeking Consistent Flat Minima for Better Domain " +
        "Generalization via Refining Loss Landscapes\", 2024";

    private const int Classes = 3, Steps = 150;
    private const double Rho = 0.05, Ratio = 2, Weight = 0.1, GapWeight = 0.1, Rate = 0.01;

    public static void Run(TextWriter output)
    {
        (Tensor X, Tensor Y)[] domains = [.. new[] { -0.5, 0, 0.5 }.Select((angle, i) => Clusters.Balanced(60, Classes, (ulong)i, 0.5, angle))];
        var (x, y) = Clusters.Balanced(600, Classes, seed: 99, spread: 0.5, angle: 0.9);
        var rows = new List<string[]>();
        var feedback = new List<double>();
        foreach (var (name, refines) in new[] { ("SAM on the labels", false), ("self-feedback", true) })
        {
            var (student, refiner) = (SmallNetwork.Create(2, 24, Classes, seed: 1), SmallNetwork.Create(2, 24, Classes, seed: 2));
            using var optimizer = new FusedAdam(student, Rate).WithSharpnessAwareness(Rho);
            using var refining = new FusedAdam(refiner, Rate);
            var random = new Random(1);
            for (var step = 0; step < Steps; step++)
            {
                using var scope = NewDisposeScope();
                var (own, other) = (random.Next(domains.Length), random.Next(domains.Length - 1));
                if (other >= own) other++;
                if (refines) Step(optimizer, student, refining, refiner, domains, own, other);
                else optimizer.Step(() => SmallNetwork.Backward(student, domains[own].X, domains[own].Y));
            }
            var sharpness = domains.Select(domain => SmallNetwork.Sharpness(student, domain.X, domain.Y, Rho)).ToArray();
            rows.Add([name, $"{SmallNetwork.Accuracy(student, x, y):P1}", $"{sharpness.Average():F4}", $"{sharpness.Max() - sharpness.Min():F4}"]);
            feedback.Add(sharpness.Average());
        }
        Table.Write(output, ["training", "accuracy on a new domain", "rise within rho", "difference of domains"], rows);
        output.WriteLine($"With refined labels the loss rises {feedback[1] / feedback[0]:F2} times as much around the student's weights.");
    }

    /// <summary>The student's step on one domain, then the refiner's on all: PCE + l1 S + l2 |S - S'|.</summary>
    public static void Step(SharpnessAwareOptimizer optimizer, Parameter[] student, optim.Optimizer refining, Parameter[] refiner,
        IReadOnlyList<(Tensor X, Tensor Y)> domains, int own, int other)
    {
        refining.zero_grad();
        var labels = domains.Select(domain => SmallNetwork.Forward(refiner, domain.X)).ToArray();
        var soft = labels[own].detach().softmax(1);
        optimizer.Step(() =>
        {
            var loss = SoftLoss(student, domains[own].X, soft);
            loss.backward();
            return loss;
        });
        var projected = cat([.. labels.Zip(domains, (logits, domain) => Project(logits, domain.Y, Ratio))]);
        var loss = projected.mul(cat(labels).log_softmax(1)).sum(1).mean().neg();
        var (sharpness, elsewhere) = (Sharpness(student, domains[own].X, labels[own], Rho), Sharpness(student, domains[other].X, labels[other], Rho));
        loss.Plus(sharpness, Weight).Plus(sharpness.sub(elsewhere).abs(), GapWeight).backward();
        refining.step();
    }

    /// <summary>CE(w + e) - CE(w) with the labels softmax(logits), on which e depends, too; differentiable by the logits.</summary>
    public static Tensor Sharpness(IReadOnlyList<Parameter> student, Tensor x, Tensor logits, double rho)
    {
        var weights = SmallNetwork.Copy(student); // leaves of their own: the refiner's gradient does not reach the student
        var labels = logits.softmax(1);
        var loss = SoftLoss(weights, x, labels);
        var gradients = autograd.grad([loss], weights, create_graph: true, retain_graph: true);
        var norm = cat([.. gradients.Select(gradient => gradient.flatten())]).Squared().sum().Plus(1e-24).sqrt();
        Tensor[] moved = [.. weights.Zip(gradients, (weight, gradient) => weight.Plus(gradient.div(norm), rho))];
        return SoftLoss(moved, x, labels).sub(loss);
    }

    /// <summary>
    /// The labels q closest to softmax(logits) = p, by KL(q || p), in which the true class is at least ratio times as likely as any other. Classes
    /// above p_y / ratio are tied to the true one; the tied ones share a weighted geometric mean, the rest stay in proportion.
    /// </summary>
    public static Tensor Project(Tensor logits, Tensor y, double ratio)
    {
        using var unrecorded = no_grad();
        var (rows, classes) = (logits.shape[0], (int)logits.shape[1]);
        var p = logits.detach().log_softmax(1).ReadAll<double>();
        var labels = y.ReadAll<long>();
        var q = new double[p.Length];
        for (var row = 0; row < rows; row++)
        {
            var (start, label) = (row * classes, (int)labels[row]);
            var others = Enumerable.Range(0, classes).Where(k => k != label).OrderByDescending(k => p[start + k]).ToArray();
            var (sum, weight, tied) = (p[start + label], 1.0, 0);
            while (tied < others.Length && p[start + others[tied]] + Math.Log(ratio) > sum / weight)
            {
                sum += (p[start + others[tied++]] + Math.Log(ratio)) / ratio;
                weight += 1 / ratio;
            }
            for (var i = 0; i < others.Length; i++)
                q[start + others[i]] = Math.Exp(i < tied ? (sum / weight) - Math.Log(ratio) : p[start + others[i]]);
            q[start + label] = Math.Exp(sum / weight);
        }
        var unscaled = tensor(q, [rows, classes]);
        return unscaled.div(unscaled.sum(1, keepdim: true));
    }

    private static Tensor SoftLoss(IReadOnlyList<Tensor> weights, Tensor x, Tensor labels) =>
        SmallNetwork.Forward(weights, x).log_softmax(1).mul(labels).sum(1).mean().neg();
}
