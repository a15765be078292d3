using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>Learning rates by the spectra of the layers.</summary>
[TensorScope]
public class TempBalanceTests
{
    /// <summary>Diagonals with the roots of the given eigenvalues.</summary>
    private static Parameter Matrix(Func<int, double> eigenvalue, int count = 60) =>
        new(diag(tensor(Enumerable.Range(1, count).Select(i => Math.Sqrt(eigenvalue(i))).ToArray())));

    /// <summary>1, 2, ..., 60: the number that the formula gives.</summary>
    [Fact]
    public void The_exponent_is_Hill_s() => Assert.Equal(3.739645729, new TempBalance().TailOf(Matrix(i => i)).Alpha, 1e-9);

    private static readonly (int Group, double Rate)[] Rates = [(0, 0.05), (1, 0.15), (2, 0.1), (3, 0.1)];

    /// <summary>The heavier tail gets the smaller rate. Biases and small layers keep theirs.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_layer_gets_its_rate(bool wrapped)
    {
        Parameter[] parameters = [Matrix(i => Math.Pow(i, 4)), Matrix(i => i), Matrix(i => i, 20), new(ones(5, float64))];
        FusedSGD inner = new(parameters.Select(parameter => new FusedSGD.ParamGroup([parameter])), 0.3);
        using optim.Optimizer optimizer = wrapped ? inner.WithSharpnessAwareness(0.05) : inner;
        new TempBalance().Apply(optimizer, 0.1);
        foreach (var (group, rate) in Rates) Assert.Equal(rate, inner.ParamGroups.ElementAt(group).LearningRate, 1e-12);
        new TempBalance().Apply(optimizer, 0.2, except: [0]);
        Assert.Equal([0.05, 0.2, 0.2, 0.2], inner.ParamGroups.Select(group => Math.Round(group.LearningRate, 12)));
    }

    /// <summary>The rate of a group moves the weights of that group, in a sharpness-aware step as in any.</summary>
    [Fact]
    public void Rates_act_in_the_next_sharpness_aware_step()
    {
        Parameter[] parameters = [Matrix(i => Math.Pow(i, 4)), Matrix(i => i)];
        var before = parameters.Select(parameter => parameter.detach().clone()).ToArray();
        using var optimizer = new FusedSGD(parameters.Select(parameter => new FusedSGD.ParamGroup([parameter])), 0.3).WithSharpnessAwareness(0.05);
        new TempBalance().Apply(optimizer, 0.1);
        optimizer.Step(() =>
        {
            var loss = parameters[0].Plus(parameters[1]).sum();
            loss.backward();
            return loss;
        }).Dispose();
        Assert.Equal([0.05, 0.15], before.Zip(parameters, (w, p) => Math.Round(w.sub(p)[0, 0].item<double>(), 12)));
    }

    [Fact]
    public void Equal_layers_and_layers_without_a_tail_keep_the_rate()
    {
        Parameter[] parameters = [Matrix(i => i), Matrix(i => i), new(zeros([60, 60], float64))];
        using var optimizer = new FusedSGD(parameters.Select(parameter => new FusedSGD.ParamGroup([parameter])), 0.3);
        new TempBalance().Apply(optimizer, 0.1);
        Assert.All(optimizer.ParamGroups, group => Assert.Equal(0.1, group.LearningRate));
        Assert.Equal([0.1, 0.1], new TempBalance { ProportionalTo = Math.Sqrt }.RatesOf([3, 3], 0.1));
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var optimizer = new FusedSGD([Matrix(i => i), Matrix(i => i)], 0.3);
        Assert.Contains("2 matrices", Assert.Throws<ArgumentException>(() => new TempBalance().Apply(optimizer, 0.1)).Message,
            StringComparison.Ordinal);
        Assert.Equal(0.3, optimizer.ParamGroups.Single().LearningRate);
        Assert.Throws<ArgumentOutOfRangeException>(() => new TempBalance { Least = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new TempBalance { Parts = 1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new TempBalance { FewestEigenvalues = 0 });
    }
}
