using SamSharp.Tests.Support;
using TorchSharp.Modules;

namespace SamSharp.Tests.Algorithms;

/// <summary>
/// Weights in half precision: averages, sums and scores are kept in float32, where small contributions still count, and norms neither overflow nor
/// vanish.
/// </summary>
[TensorScope]
public class HalfPrecisionTests
{
    public static TheoryData<ScalarType> Types => new(ScalarType.BFloat16, ScalarType.Float16);

    /// <summary>In half precision 1 + 0.001 is 1, and the average would stay there.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void An_exponential_average_arrives(ScalarType type)
    {
        using var model = nn.Linear(2, 1, hasBias: false, dtype: type);
        using (no_grad()) model.weight.Fill(1);
        using var average = WeightAverage.Exponential(model, 0.999);
        using (no_grad()) model.weight.Fill(2);
        for (var i = 0; i < 20_000; i++) average.Update();
        Close.To([2, 2], average.StateDictionary()["weight"].to(float64).data<double>().ToArray(), 1e-4);
        Assert.Equal(ScalarType.Float32, average.StateDictionary()["weight"].dtype);
        using (average.SwapIn()) Assert.Equal((type, 2.0), (model.weight.dtype, model.weight.to(float64).data<double>()[0]));
    }

    /// <summary>The mean of 1, 2, ... 2000 is 1000.5; in half precision the last thousand would not move it.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void A_uniform_average_is_a_mean(ScalarType type)
    {
        using var model = nn.Linear(1, 1, hasBias: false, dtype: type);
        using var average = WeightAverage.Uniform(model);
        double expected = 0;
        for (var i = 1; i <= 2000; i++)
        {
            using (no_grad()) model.weight.Fill(i);
            expected += model.weight.to(float64).data<double>()[0] / 2000;
            average.Update();
        }
        Assert.Equal(expected, average.StateDictionary()["weight"].to(float64).data<double>()[0], 1e-2);
    }

    /// <summary>An average saved in half precision, as earlier versions did, loads.</summary>
    [Fact]
    public void An_average_of_another_type_loads()
    {
        using var model = nn.Linear(1, 1, hasBias: false, dtype: bfloat16);
        using var average = WeightAverage.Uniform(model);
        average.Load(new Dictionary<string, Tensor> { ["weight"] = tensor(new[] { 0.75f }).reshape(1, 1).to(bfloat16) }, 3);
        Assert.Equal(0.75f, average.StateDictionary()["weight"].data<float>()[0]);
    }

    private static readonly Dictionary<string, SharpnessAwareOptions> Averages = new()
    {
        ["VaSSO"] = Recipe.Vasso(theta: 0.01),
        ["FriendlySAM"] = Recipe.FriendlySam(lambda: 0.99),
        ["GraphSAM"] = Recipe.GraphSam(stepsPerEpoch: 5000, epochsPerDecay: 1, beta: 0.99),
    };

    public static TheoryData<string, ScalarType> AveragesInTypes()
    {
        var cases = new TheoryData<string, ScalarType>();
        foreach (var name in Averages.Keys)
        {
            foreach (var type in new[] { ScalarType.BFloat16, ScalarType.Float16 }) cases.Add(name, type);
        }
        return cases;
    }

    /// <summary>The gradient is (1, 2) in the first step and (4, 3) from then on, where the average must arrive (GraphSAM's: at the unit
    /// vector).</summary>
    [Theory]
    [MemberData(nameof(AveragesInTypes))]
    public void An_average_of_gradients_arrives(string name, ScalarType type)
    {
        var weight = new Parameter(tensor(new[] { 1f, 1f }).to(type));
        using var optimizer = optim.SGD([weight], 0).WithSharpnessAwareness(Averages[name]);
        Tensor first = tensor(new[] { 1f, 2f }).to(type), later = tensor(new[] { 4f, 3f }).to(type);
        for (var t = 0; t < 1500; t++)
        {
            using var scope = NewDisposeScope();
            optimizer.Step(() =>
            {
                var loss = (weight * (t == 0 ? first : later)).sum();
                loss.backward();
                return loss;
            });
        }
        var average = optimizer.Memory.All.Single().Memory.Tensors.Single().Tensors.Single().Tensor;
        Assert.Equal(ScalarType.Float32, average.dtype);
        var factor = name == "GraphSAM" ? 5.0 : 1;
        Close.To([4 / factor, 3 / factor], average.to(float64).data<double>().ToArray(), 1e-4);
    }

    /// <summary>The mean of 3,000 gradients of 1; in half precision their sum would stop growing.</summary>
    [Theory]
    [MemberData(nameof(Types))]
    public void The_mean_over_many_parts_is_exact(ScalarType type)
    {
        var weight = new Parameter(tensor(new[] { 2f }).to(type));
        using var optimizer = optim.SGD([weight], 1).WithSharpnessAwareness(0);
        Tensor Backward()
        {
            var loss = weight.sum();
            loss.backward();
            return loss;
        }
        optimizer.Step([.. Enumerable.Range(0, 3000).Select(_ => new BatchPart(Backward))]).Dispose();
        Assert.Equal(1.0, weight.to(float64).data<double>()[0], 1e-2);
    }

    /// <summary>Squares of such gradients are all 0 in float16.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Masks_tell_small_gradients_apart(bool fisherOfSamples)
    {
        var weight = new Parameter(zeros(8, dtype: float16));
        var slopes = tensor(new[] { 1f, 7, 2, 8, 3, 6, 4, 5 }).Times(1e-5).to(float16);
        Tensor Backward()
        {
            var loss = (weight * slopes).sum();
            loss.backward();
            return loss;
        }
        var seen = new List<double[]>();
        Tensor Looking()
        {
            seen.Add(weight.detach().to(float64).data<double>().ToArray());
            return Backward();
        }
        using var optimizer = optim.SGD([weight], 0).WithSharpnessAwareness(fisherOfSamples
            ? Recipe.Sam(1) with { Geometry = new MaskedGeometry(new EuclideanGeometry(), new SampleFisherMask(0.5)) }
            : Recipe.FisherMaskSam(rho: 1, keep: 0.5, interval: 1));
        if (fisherOfSamples) SampleFisherMask.Refresh(optimizer, [Backward, Backward]);
        optimizer.Step(Looking).Dispose();
        Assert.Equal([false, true, false, true, false, true, false, true], seen[1].Select(number => number != 0));
    }

    private static readonly Dictionary<string, SharpnessAwareOptions> MeansOfDraws = new()
    {
        ["NSO"] = Recipe.OneSidedNoise(draws: 300),
        ["NSO with g"] = Recipe.OneSidedNoise(draws: 300, lambda: 0.25),
        ["universal SAM"] = Recipe.TraceSam(draws: 300),
    };

    public static TheoryData<string, ScalarType> MeansInTypes()
    {
        var cases = new TheoryData<string, ScalarType>();
        foreach (var name in MeansOfDraws.Keys)
        {
            foreach (var type in new[] { ScalarType.BFloat16, ScalarType.Float16 }) cases.Add(name, type);
        }
        return cases;
    }

    /// <summary>The mean of 300 gradients that are all 1; summed up in half precision it would stay far from it.</summary>
    [Theory]
    [MemberData(nameof(MeansInTypes))]
    public void The_mean_over_many_draws_is_exact(string name, ScalarType type)
    {
        var weight = new Parameter(ones(1, dtype: type));
        using var optimizer = optim.SGD([weight], 1).WithSharpnessAwareness(MeansOfDraws[name]);
        optimizer.Step(() =>
        {
            weight.grad = ones_like(weight);
            return tensor(1.0);
        }).Dispose();
        Assert.Equal(0, weight.to(float64).data<double>()[0], 1e-6);
    }
}
