using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SamSharp.Samples.Loops;

/// <summary>FHBI, flat Hilbert Bayesian inference: several models (particles) each climb as SAM does, and then move together as in SVGD (Liu, Wang
/// 2016), toward low losses and away from each other.</summary>
/// <remarks>The published code's repulsive term has the opposite sign and attracts; the sign here is SVGD's. To go on after a stop, keep the
/// particles' weights: nothing else outlives a step.</remarks>
[InDisposeScope]
internal static class Fhbi
{
    public const string Paper =
        "FHBI: Truong, Tran, Pham, Nguyen, Phung, Le, \"Improving Generalization with Flat Hilbert Bayesian Inference\", 2024";

    private const int Classes = 4, Particles = 4, Steps = 150;
    private const double Rate = 0.5, Rho = 0.03;

    public static void Run(TextWriter output)
    {
        var (x, y) = Clusters.Balanced(80, Classes, seed: 1, spread: 0.5);
        var (testX, testY) = Clusters.Balanced(1000, Classes, seed: 99, spread: 0.5);
        var rows = new List<string[]>();
        var distances = new List<double>();
        foreach (var (name, rho, repulsion) in new[]
        {
            ("one by one (SAM)", Rho, double.NaN), ("SVGD", 0, 1), ("FHBI", Rho, 1), ("FHBI, code's sign", Rho, -2),
        })
        {
            Parameter[][] particles = [.. Enumerable.Range(0, Particles).Select(seed => SmallNetwork.Create(2, 16, Classes, (ulong)seed))];
            var losses = particles.Select(particle => (Func<Tensor>)(() => SmallNetwork.Loss(particle, x, y))).ToArray();
            for (var step = 0; step < Steps; step++)
            {
                using var scope = NewDisposeScope();
                if (!double.IsNaN(repulsion)) Step(particles, losses, Rate, rho, repulsion);
                else foreach (var i in Enumerable.Range(0, Particles)) Step([particles[i]], [losses[i]], Rate, rho);
            }
            distances.Add(Distance(particles));
            rows.Add([name, $"{particles.Average(particle => SmallNetwork.Accuracy(particle, testX, testY)):P1}",
                $"{Ensemble(particles, testX, testY):P1}", $"{distances[^1]:F2}"]);
        }
        Table.Write(output, ["method", "mean accuracy", "together", "mean distance"], rows);
        output.WriteLine($"With SVGD's sign the {Particles} particles end {distances[2]:F2} apart, with the published code's {distances[3]:F2}.");
    }

    /// <summary>One step of all particles; block by block, as the kernel is.</summary>
    /// <param name="particles">The weights of each.</param>
    /// <param name="losses">The loss of each, without <c>backward()</c>.</param>
    /// <param name="rate">The learning rate.</param>
    /// <param name="rho">The radius of each tensor's ascent; 0 is SVGD. One particle makes a step of layer-wise SAM.</param>
    /// <param name="repulsion">The factor of the repulsive term: 1 is SVGD's, -2 is the published code's.</param>
    public static void Step(IReadOnlyList<Parameter[]> particles, IReadOnlyList<Func<Tensor>> losses, double rate, double rho, double repulsion = 1)
    {
        var gradients = particles.Zip(losses, (particle, loss) => AscendedGradients(particle, loss, rho)).ToArray();
        using var unrecorded = no_grad();
        for (var block = 0; block < particles[0].Length; block++)
        {
            var all = stack([.. particles.Select(particle => particle[block].detach().flatten())]);
            var slopes = stack([.. gradients.Select(own => own[block].flatten())]);
            var directions = Directions(all, slopes, repulsion);
            for (var i = 0; i < particles.Count; i++)
                particles[i][block].IncreaseBy(directions.select(0, i).view(particles[i][block].shape), rate);
        }
    }

    /// <summary>(1/m) sum over j of -K_ij g_j + repulsion dK_ij/dw_j, with K = exp(-d^2 / (2 s^2 + 1e-8)) and
    /// s^2 = median(d^2) / (2 ln(m + 1)).</summary>
    /// <param name="particles">[m, weights].</param>
    /// <param name="gradients">[m, weights].</param>
    /// <param name="repulsion">The factor of the second term.</param>
    public static Tensor Directions(Tensor particles, Tensor gradients, double repulsion)
    {
        var m = particles.shape[0];
        if (m == 1) return gradients.neg();
        var apart = particles.unsqueeze(1).sub(particles.unsqueeze(0)); // w_i - w_j
        var squares = apart.Squared().sum(-1);
        var width = 1e-8 + (squares.flatten().median().ReadDouble() / Math.Log(m + 1));
        var kernel = squares.Over(-width).exp();
        var away = kernel.unsqueeze(-1).mul(apart).sum(1).Times(2 * repulsion / width);
        return away.sub(kernel.mm(gradients)).Over(m);
    }

    /// <summary>The mean distance of two particles.</summary>
    public static double Distance(IReadOnlyList<Parameter[]> particles)
    {
        var all = particles.Select(particle => cat([.. particle.Select(weight => weight.detach().flatten())])).ToArray();
        return Enumerable.Range(0, all.Length)
            .SelectMany(i => Enumerable.Range(0, i).Select(j => all[i].sub(all[j]).EuclideanNorm().ReadDouble())).Average();
    }

    /// <summary>The gradients at w + rho g/|g|, where the norm is each tensor's own; the weights are back afterwards.</summary>
    private static Tensor[] AscendedGradients(Parameter[] weights, Func<Tensor> loss, double rho)
    {
        using var optimizer = optim.SGD(weights, 0).WithSharpnessAwareness(new SharpnessAwareOptions
        {
            Rho = rho,
            Direction = new EachTensor(),
            Geometry = new RawGeometry(),
        });
        optimizer.Gradient(() =>
        {
            var value = loss();
            value.backward();
            return value;
        });
        return [.. weights.Select(weight => weight.grad!.clone())];
    }

    private static double Ensemble(IEnumerable<Parameter[]> particles, Tensor x, Tensor y)
    {
        using var unrecorded = no_grad();
        var mean = particles.Select(particle => SmallNetwork.Forward(particle, x).softmax(1)).Aggregate((sum, one) => sum.Plus(one));
        return mean.argmax(1).eq(y).to(float64).mean().ReadDouble();
    }

    /// <summary>A direction of the library's, written here: every tensor's gradient at length 1.</summary>
    private sealed record EachTensor : Steps.IDirection
    {
        public void Aim(Steps.Ascent ascent)
        {
            foreach (var bucket in ascent.Buckets)
                bucket.Direction = Array.ConvertAll(bucket.AtWeights, gradient => gradient.div(gradient.EuclideanNorm().Clamped(min: 1e-30)));
        }
    }
}
