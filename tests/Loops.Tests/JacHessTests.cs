namespace SamSharp.Samples.Loops.Tests;

[TensorScope]
public class JacHessTests
{
    private const int Inputs = 2, Outputs = 3;
    private const double Step = 1e-4;

    /// <summary>Gaussian vectors average to the sum over unit vectors, so that unit vectors give the terms exactly.</summary>
    [Fact]
    public void A_linear_layer_has_its_weights_norm_as_Jacobian_and_no_Hessian()
    {
        var weight = randn([Outputs, Inputs], float64);
        var x = randn([4, Inputs], float64);
        Tensor Layer(Tensor input) => nn.functional.linear(input, weight);
        Assert.Equal(weight.Squared().sum().ReadDouble(), Outputs * JacHess.JacobianTerm(Layer, x, Units(Outputs)).ReadDouble(), 1e-10);
        Assert.Equal(0, JacHess.HessianTerm(Layer, x, Pairs()).ReadDouble());
    }

    [Fact]
    public void The_terms_are_the_explicit_Jacobian_s_and_Hessian_s_squares()
    {
        var weights = SmallNetwork.Create(Inputs, 5, Outputs, seed: 3);
        double[] at = [0.3, -0.8];
        var x = tensor(at, [1, Inputs]);
        Tensor Layer(Tensor input) => SmallNetwork.Forward(weights, input);
        double Value(int k, double first, double second) => Layer(tensor(new[] { at[0] + first, at[1] + second }, [1, Inputs]))[0, k].ReadDouble();
        var (jacobian, hessian) = (0.0, 0.0);
        for (var k = 0; k < Outputs; k++)
        {
            var here = Value(k, 0, 0);
            double[] slopes = [Value(k, Step, 0) - Value(k, -Step, 0), Value(k, 0, Step) - Value(k, 0, -Step)];
            jacobian += slopes.Sum(slope => Math.Pow(slope / (2 * Step), 2));
            double[] bends = [Value(k, Step, 0) + Value(k, -Step, 0) - (2 * here), Value(k, 0, Step) + Value(k, 0, -Step) - (2 * here)];
            var mixed = (Value(k, Step, Step) - Value(k, Step, -Step) - Value(k, -Step, Step) + Value(k, -Step, -Step)) / (4 * Step * Step);
            hessian += bends.Sum(bend => Math.Pow(bend / (Step * Step), 2)) + (2 * mixed * mixed);
        }
        Assert.Equal(jacobian, Outputs * JacHess.JacobianTerm(Layer, x, Units(Outputs)).ReadDouble(), 1e-5);
        Assert.Equal(hessian, Outputs * Inputs * JacHess.HessianTerm(Layer, x, Pairs()).ReadDouble(), 1e-4);
    }

    [Fact]
    public void Both_terms_train_the_weights()
    {
        var weights = SmallNetwork.Create(Inputs, 5, Outputs, seed: 3);
        var x = randn([4, Inputs], float64);
        double Term(double shift)
        {
            var moved = SmallNetwork.Copy(weights);
            using (no_grad()) moved[0][0, 0].IncreaseBy(shift);
            return JacHess.HessianTerm(input => SmallNetwork.Forward(moved, input), x, Pairs()).ReadDouble();
        }
        JacHess.HessianTerm(input => SmallNetwork.Forward(weights, input), x, Pairs()).backward();
        Assert.Equal((Term(Step) - Term(-Step)) / (2 * Step), weights[0].grad![0, 0].ReadDouble(), 1e-6);
        weights[0].grad = null;
        JacHess.JacobianTerm(input => SmallNetwork.Forward(weights, input), x, Units(Outputs)).backward();
        Assert.NotNull(weights[0].grad);
    }

    /// <summary>x^2 at 1 has the slope 2 and the second derivative 2: mean v^2 4 + mean v^2 4, with 1,000 draws each.</summary>
    [Fact]
    public void The_penalty_is_the_sum_of_both_terms()
    {
        using var generator = new Generator(3);
        var penalty = JacHess.Penalty(x => x.Squared(), ones([1, 1], float64), 1000, generator).ReadDouble();
        Assert.InRange(penalty, 7, 9);
    }

    [Fact]
    public void Training_with_it_makes_both_terms_smaller()
    {
        using var output = new StringWriter();
        JacHess.Run(output);
        var share = System.Text.RegularExpressions.Regex.Match(output.ToString(), @"leaves (\d+) ?% of").Groups[1].Value;
        Assert.InRange(int.Parse(share, System.Globalization.CultureInfo.InvariantCulture), 1, 90);
    }

    private static Tensor[] Units(int count) => [.. Enumerable.Range(0, count).Select(i => eye(count, dtype: float64).select(0, i))];

    private static (long, Tensor)[] Pairs() =>
        [.. Enumerable.Range(0, Outputs).SelectMany(k => Units(Inputs).Select(unit => ((long)k, unit)))];
}
