#pragma warning disable RS0030 // what the held arithmetic is compared with

namespace SamSharp.Tests.Numbers;

/// <summary>The held arithmetic against TorchSharp's own: the same elements, to the last bit, and the same types.</summary>
[TensorScope]
public class ScalarArithmeticTests
{
    public static TheoryData<string> Operations => [.. Cases.Keys];

    private static readonly Dictionary<string, (Func<Tensor, Tensor> Held, Func<Tensor, Scalar, Tensor> Plain, Number Value)> Cases = new()
    {
        ["times"] = (x => x.Times(0.3), (x, s) => x.mul(s), 0.3),
        ["times an integer"] = (x => x.Times(3), (x, s) => x.mul(s), 3),
        ["over"] = (x => x.Over(0.7), (x, s) => x.div(s), 0.7),
        ["divided into"] = (x => x.DividedInto(0.7), (x, s) => s / x, 0.7),
        ["plus"] = (x => x.Plus(0.1), (x, s) => x.add(s), 0.1),
        ["minus"] = (x => x.Minus(0.1), (x, s) => x.sub(s), 0.1),
        ["subtracted from"] = (x => x.SubtractedFrom(1), (x, s) => s - x, 1),
        ["power"] = (x => x.Power(3), (x, s) => x.pow(s), 3),
        ["squared"] = (x => x.Squared(), (x, _) => x.square(), 0),
        ["plus a tensor"] = (x => x.Plus(x), (x, _) => x.add(x), 0),
        ["plus a multiple"] = (x => x.Plus(x, times: 3), (x, s) => x.add(x, s), 3),
        ["plus a product"] = (x => x.PlusProduct(x, x, times: 2), (x, s) => x.addcmul(x, x, s), 2),
        ["clamped"] = (x => x.Clamped(min: 0, max: 1), (x, s) => x.clamp(s, null).Clamped(max: 1), 0),
        ["filled where"] = (x => x.FilledWhere(x.isfinite(), 5), (x, s) => x.masked_fill(x.isfinite(), s), 5),
        ["equal"] = (x => x.IsEqualTo(2), (x, s) => x.eq(s), 2),
        ["not equal"] = (x => x.IsNotEqualTo(2), (x, s) => x.ne(s), 2),
        ["less"] = (x => x.IsLessThan(2), (x, s) => x.lt(s), 2),
        ["at most"] = (x => x.IsAtMost(2), (x, s) => x.le(s), 2),
        ["greater"] = (x => x.IsGreaterThan(2), (x, s) => x.gt(s), 2),
        ["at least"] = (x => x.IsAtLeast(2), (x, s) => x.ge(s), 2),
        ["norm"] = (x => x.to(float64).EuclideanNorm(), (x, _) => linalg.vector_norm(x.to(float64)), 0),
        ["multiply by"] = (x => x.clone().MultiplyBy(3), (x, s) => x.clone().mul_(s), 3),
        ["divide by"] = (x => x.to(float32).clone().DivideBy(3), (x, s) => x.to(float32).clone().div_(s), 3),
        ["increase by"] = (x => x.clone().IncreaseBy(3), (x, s) => x.clone().add_(s), 3),
        ["increase by a multiple"] = (x => x.clone().IncreaseBy(x, times: 2), (x, s) => x.clone().add_(x, s), 2),
        ["decrease by"] = (x => x.clone().DecreaseBy(3), (x, s) => x.clone().sub_(s), 3),
        ["increase by a product"] = (x => x.clone().IncreaseByProduct(x, x, times: 2), (x, s) => x.clone().addcmul_(x, x, s), 2),
        ["increase by a quotient"] = (x => x.to(float32).clone().IncreaseByQuotient(x.to(float32), x.Plus(9.0)),
            (x, s) => x.to(float32).clone().addcdiv_(x.to(float32), x.Plus(9.0), s), 1),
        ["raise to"] = (x => x.clone().RaiseTo(2), (x, s) => x.clone().pow_(s), 2),
        ["clamp"] = (x => x.clone().Clamp(min: 1), (x, s) => x.clone().clamp_(s, null), 1),
        ["fill"] = (x => x.clone().Fill(4), (x, s) => x.clone().fill_(s), 4),
        ["fill where"] = (x => x.clone().FillWhere(x.isfinite(), 4), (x, s) => x.clone().masked_fill_(x.isfinite(), s), 4),
        ["fill at"] = (x => x.clone().FillAt(0, tensor([1L]), 4), (x, s) => x.clone().index_fill_(0, tensor([1L]), s), 4),
        ["full"] = (_ => ScalarArithmetic.Full([2, 3], 0.5), (_, s) => full([2, 3], s), 0.5),
        ["full like"] = (x => x.FullLike(7), (x, s) => x.full_like(s), 7),
        ["range"] = (_ => ScalarArithmetic.Range(5), (_, s) => arange(s), 5),
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public void Gives_what_TorchSharp_gives(string operation)
    {
        using var scope = NewDisposeScope();
        var (held, plain, value) = Cases[operation];
        using var generator = new Generator(3);
        foreach (var number in new[] { float32, float64, int64 })
        {
            using var scalar = value.ToScalar();
            var x = number == int64 ? tensor([1L, -2, 2, 5]) : randn([4, 5], generator: generator).to(number);
            var expected = plain(x, scalar);
            var actual = held(x);
            Assert.Equal(expected.dtype, actual.dtype);
            Assert.Equal(expected.shape, actual.shape);
            Assert.Equal(expected.bytes.ToArray(), actual.bytes.ToArray());
        }
    }

    [Fact]
    public void Verbs_return_the_tensor_that_they_change()
    {
        using var x = ones(3);
        Assert.Same(x, x.MultiplyBy(2).IncreaseBy(1).DecreaseBy(0.5).DivideBy(2).IncreaseBy(x).Clamp(max: 2).Fill(1));
    }

    [Fact]
    public void Reads_numbers_of_temporaries()
    {
        using var x = tensor([1.5, 2.5, 4]);
        Assert.Equal(8, x.sum().Read<double>());
        Assert.Equal(8, x.to(float32).sum().ReadDouble());
        Assert.Equal(3, x.argmax().Plus(1).ReadDouble());
        Assert.Equal([3.0, 5, 8], x.Times(2).ReadAll<double>());
        Assert.Throws<ArgumentException>(() => x.Read<double>());
        Assert.Throws<ArgumentException>(() => x.sum().Read<float>());
    }

    [Fact]
    public void Numbers_keep_their_kind()
    {
        Number integer = 2, real = 2.0, truth = true;
        Assert.NotEqual(integer, real);
        Assert.True(integer == 2L);
        Assert.True(real != truth);
        using var flags = zeros(2, dtype: ScalarType.Bool).Fill(truth);
        Assert.Equal([true, true], flags.ReadAll<bool>());
    }
}
