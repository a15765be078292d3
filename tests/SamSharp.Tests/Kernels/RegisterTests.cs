using System.Runtime.InteropServices;
using SamSharp.Kernels.Vectorized;
using SamSharp.Optimizers;

namespace SamSharp.Tests.Kernels;

/// <summary>Registers of every width compute the bits that one number after the other does, also on processors that have narrow ones alone.</summary>
public unsafe class RegisterTests
{
    private const int Count = 64;

    private static readonly AdamNumbers<float> Adam = new(
        new AdamOptions { LearningRate = 0.1, Beta1 = 0.9, Beta2 = 0.99, WeightDecay = 0.1, Epsilon = 1e-8, AmsGrad = true, Maximize = true },
        3, decoupled: false);

    private static readonly SgdNumbers<float> Sgd = new(
        new FusedSGD.Options { LearningRate = 0.1, Momentum = 0.9, Dampening = 0.1, WeightDecay = 0.1, Nesterov = true, Maximize = true },
        first: false);

    [Theory]
    [InlineData("Adam")]
    [InlineData("SGD")]
    [InlineData("Adafactor")]
    [InlineData("columns")]
    [InlineData("adaptive norm")]
    [InlineData("adaptive step")]
    [InlineData("mix")]
    public void A_formula_has_the_same_bits_in_every_width(string formula)
    {
        var expected = Compute<Single<float>>(formula);
        Assert.Equal(expected, Compute<Register256<float>>(formula));
        Assert.Equal(expected, Compute<Register512<float>>(formula));
        Assert.True(expected.Distinct().Count() > Count);
    }

    [Fact]
    public void Sums_are_taken_in_the_same_order()
    {
        var numbers = Numbers(1);
        fixed (float* at = numbers)
        {
            for (var i = 0; i <= Count - 32; i++)
            {
                var x = at + i;
                Assert.Equal(
                    Register256<float>.Sum(Load<Register256<float>>(x, 0), Load<Register256<float>>(x, 1), Load<Register256<float>>(x, 2),
                        Load<Register256<float>>(x, 3)),
                    Register512<float>.Sum(Load<Register512<float>>(x, 0), Load<Register512<float>>(x, 1), default, default));
            }
        }
    }

    /// <summary>Sums of bfloat16 are those of the same numbers in float32.</summary>
    [Theory]
    [InlineData(10_007)]
    [InlineData(31)]
    public void Sums_of_narrow_numbers_are_those_of_wide_ones(int count)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var narrow = randn(count, generator: generator).to(bfloat16);
        var wide = narrow.to(float32);
        fixed (byte* a = narrow.bytes, b = wide.bytes)
        {
            var sum = Loops<float>.Sum(default(Product<float>), (float*)b, (float*)b, count);
            Assert.Equal(sum, Loops<float>.Sum(default(Product<float>), new BrainOperands((ushort*)a, null, (ushort*)a), count));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(48)]
    [InlineData(1L << 33)]
    public void Rounding_has_the_same_bits_in_every_width(long index)
    {
        var numbers = Numbers(2);
        for (var nan = -1; nan < 32; nan++)
        {
            float[] values = [.. numbers[..32]];
            if (nan >= 0) values[nan] = BitConverter.UInt32BitsToSingle(0xFFFFFFFF);
            if (nan > 0) values[nan - 1] = float.NegativeInfinity;
            Same(default(ToNearest), values, index);
            Same(new AtRandom(CounterRandom.Hash(nan)), values, index);
        }
    }

    [Fact]
    public void Weights_that_are_not_what_their_masters_round_to_are_followed_in_every_width()
    {
        var masters = Numbers(3);
        var weights = new ushort[Count];
        for (var changed = -1; changed < 16; changed++)
        {
            for (var i = 0; i < Count; i++) weights[i] = default(ToNearest).One(masters[i], 0);
            if (changed >= 0) weights[changed] ^= 1;
            var expected = Follow<Single<float>>(masters, weights);
            Assert.Equal(changed >= 0, expected.Changed);
            Assert.Equal(expected, Follow<Register256<float>>(masters, weights));
            Assert.Equal(expected, Follow<Register512<float>>(masters, weights));
        }
    }

    /// <summary>Wherever the results lie, and whatever the index of the first.</summary>
    [Fact]
    public void Past_the_cache_goes_the_same()
    {
        const int Most = 200;
        var w = (ushort*)NativeMemory.AlignedAlloc(4 * Most, 64);
        var v = (ushort*)NativeMemory.AlignedAlloc(4 * Most, 64);
        var wide = (float*)NativeMemory.AlignedAlloc(8 * Most, 64);
        for (var i = 0; i < Most; i++) (w[i], v[i]) = ((ushort)(0x3C00 + i), (ushort)(0x3D00 + i));
        for (var offset = 0; offset < 34; offset++)
        {
            for (var index = 0; index < 17; index += 3)
            {
                Assert.Equal(Narrow(default(ToNearest), false), Narrow(default(ToNearest), true));
                Assert.Equal(Narrow(new AtRandom(77), false), Narrow(new AtRandom(77), true));
                Assert.Equal(Wide(false), Wide(true));

                ushort[] Narrow<TRounding>(TRounding rounding, bool pastCache) where TRounding : struct, IBrainRounding
                {
                    var results = v + Most;
                    new Span<ushort>(results, Most).Clear();
                    BrainLoops.Map(new Step<float>(0.3f), rounding, new BrainOperands(w, null, v), new(results + offset), index, 150, pastCache);
                    return new Span<ushort>(results, Most).ToArray();
                }

                float[] Wide(bool pastCache)
                {
                    new Span<float>(wide, Most).Clear();
                    Loops<float>.Map(new Step<float>(0.3f), (float*)w, (float*)w, wide + offset, 90, pastCache);
                    return new Span<float>(wide, Most).ToArray();
                }
            }
        }
        NativeMemory.AlignedFree(w);
        NativeMemory.AlignedFree(v);
        NativeMemory.AlignedFree(wide);
    }

    private static TRegister Load<TRegister>(float* from, int register) where TRegister : struct, IRegister<TRegister, float> =>
        TRegister.Load(from + (register * TRegister.Count));

    private static int[] Compute<TRegister>(string formula) where TRegister : struct, IRegister<TRegister, float>
    {
        var (weights, vectors, results) = (Numbers(1), Numbers(2), new float[Count]);
        float[] first = Numbers(3), second = [.. Numbers(4).Select(Math.Abs)], third = [.. Numbers(5).Select(Math.Abs)];
        fixed (float* w = weights, x = vectors, r = results, m = first, v = second, largest = third)
        {
            for (var i = 0; i < Count; i += TRegister.Count)
                Of(formula, TRegister.Load(w + i), TRegister.Load(x + i), i, m, v, largest).Store(r + i);
        }
        return [.. results.Concat(first).Concat(second).Concat(third).Select(BitConverter.SingleToInt32Bits)];
    }

    private static TRegister Of<TRegister>(string formula, TRegister w, TRegister x, int at, float* m, float* v, float* largest)
        where TRegister : struct, IRegister<TRegister, float> => formula switch
        {
            "Adam" => new AdamStep<float>(Adam, m, v, largest).Of(w, x, at),
            "SGD" => new SgdStep<float>(Sgd, m).Of(w, x, at),
            "Adafactor" => new AdafactorStep<float>(0.9f, 0.3f, v, m, 0.8f).Of(w, x, at),
            "columns" => new AddedSquare<float>(m).Of(w, x, at) + new SquaredUpdate<float>(v).Of(w, x, at),
            "adaptive norm" => new ScaledSquare<float>(0.1f).Of(w, x, at),
            "adaptive step" => new AdaptiveStep<float>(0.3f, 0.1f).Of(w, x, at),
            _ => new Blend<float>(0.3f, 0.7f).Of(w, x, at),
        };

    private static void Same<TRounding>(TRounding rounding, float[] values, long index) where TRounding : struct, IBrainRounding
    {
        ushort[] expected = [.. values.Select((value, i) => rounding.One(value, index + i))], narrow = new ushort[32], wide = new ushort[32];
        fixed (float* x = values)
        fixed (ushort* a = narrow, b = wide)
        {
            for (var i = 0; i < 32; i += 16)
                Register256<float>.Load(x + i).Round(rounding, Register256<float>.Load(x + i + 8), index + i, a + i, pastCache: false);
            Register512<float>.Load(x).Round(rounding, Register512<float>.Load(x + 16), index, b, pastCache: false);
        }
        Assert.Equal(expected, narrow);
        Assert.Equal(expected, wide);
    }

    private static (bool Changed, string Masters) Follow<TRegister>(float[] masters, ushort[] weights)
        where TRegister : struct, IRegister<TRegister, float>
    {
        float[] results = [.. masters];
        var changed = false;
        fixed (float* x = results)
        fixed (ushort* w = weights)
        {
            for (var i = 0; i < Count; i += TRegister.Count)
            {
                var register = TRegister.Load(x + i);
                changed |= TRegister.Follow(ref register, w + i);
                register.Store(x + i);
            }
        }
        return (changed, string.Join(' ', results.Select(BitConverter.SingleToInt32Bits)));
    }

    /// <summary>Numbers of many sizes and both signs.</summary>
    private static float[] Numbers(int seed) => [.. Enumerable.Range(0, Count).Select(i =>
        (float)((CounterRandom.Uniform(seed, i) - 0.5) * Math.Pow(10, (i % 7) - 4)))];
}
