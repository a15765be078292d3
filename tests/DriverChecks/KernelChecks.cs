using System.Globalization;
using SamSharp.Kernels.Cuda;

namespace SamSharp.DriverChecks;

/// <summary>Every kernel for every type, over lists of many sizes and alignments, against numbers computed here.</summary>
internal sealed partial class KernelChecks(ICudaMachine machine, CudaDevice device)
{
    private const int Room = 16;

    /// <param name="Sizes">Elements of each tensor.</param>
    /// <param name="Weights">Elements before the first weight.</param>
    /// <param name="Vectors">Elements before the vector's first.</param>
    /// <param name="Results">Elements before the first result.</param>
    private sealed record Case(long[] Sizes, int Weights = 0, int Vectors = 0, int Results = 0)
    {
        public long Elements => Sizes.Sum();
    }

    private static readonly Case[] Cases =
    [
        .. new long[] { 1, 15, 16, 17, 1000, 16383, 16384, 16385, 40_003 }.Select(size => new Case([size])),
        new([16385], 1, 1, 1), new([16385], 3, 3, 3), new([5000], 0, 1, 0), new([5000], 1, 2, 3), new([5000], 0, 0, 1),
        new([.. Enumerable.Range(1, 121).Select(i => (i * 37 % 97) + 1L)]),
        new([.. Enumerable.Range(1, 250).Select(i => (i * 131 % 400) + 1L)]),
    ];

    private static readonly int[] Counts = [1, 4, 1025, 9000, 20_001];

    private static readonly double[] Norms = [2.5, 0, double.NaN, double.PositiveInfinity, 1e-30];

    /// <summary>Checks all and prints a line for each. Returns how many kernels are wrong.</summary>
    public int Run(TextWriter output)
    {
        output.WriteLine($"{"kernel",-20}{"dtype",-10}{"lists",6}{"elements",10}{"difference",12}");
        var wrong = 0;
        foreach (var kernel in Enum.GetValues<Kernel>())
        {
            foreach (var type in kernel.Dtypes())
            {
                var (lists, elements, difference, allowed) = Check(kernel, type);
                var right = difference <= allowed; // a difference that is no number is not
                if (!right) wrong++;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{kernel,-20}{type,-10}{lists,6}{elements,10}{difference,12:0.0e+00}{(right ? "" : "  WRONG")}"));
            }
        }
        return wrong;
    }

    private (int Lists, long Elements, double Difference, double Allowed) Check(Kernel kernel, ElementType type)
    {
        var tolerance = kernel == Kernel.Root && type != ElementType.Float64 ? 1e-5 : 1e-12;
        return kernel switch
        {
            Kernel.Square or Kernel.ScaledSquare or Kernel.Product =>
                (Cases.Length, Cases.Sum(c => c.Elements), Worst(Cases.Select(c => Sum(kernel, type, c))), tolerance),
            Kernel.Total or Kernel.Root => (Counts.Length, Counts.Sum(), Worst(Counts.Select(count => Finish(kernel, type, count))), tolerance),
            _ when kernel.IsRounded() => (Cases.Length * Modes.Length, Modes.Length * Cases.Sum(c => c.Elements),
                Worst(Modes.SelectMany(mode => Cases.Select(c => Rounded(kernel, type, c, mode)))), 0),
            Kernel.Scale => (Norms.Length, Norms.Length, Worst(Norms.Select(norm => Scale(type, norm))), 0),
            _ => (Cases.Length, Cases.Sum(c => c.Elements), Worst(Cases.Select(c => Map(kernel, type, c))), 0),
        };
    }

    /// <summary>1 if any bit is wrong, beside the results too; else 0.</summary>
    private double Map(Kernel kernel, ElementType type, Case @case)
    {
        // As the library calls them: what accumulates or mixes writes where it reads.
        var inPlace = kernel is Kernel.Accumulate or Kernel.Mix;
        var (copies, size) = (kernel == Kernel.Copy, Elements.BytesOf(type));
        using var vectors = Buffer(type, @case, 2, special: true);
        using var own = Buffer(type, @case, 1, special: true);
        using var results = Buffer(type, @case, 3, special: true);
        using var factors = Numbers(type, Reference.Scale, Reference.Other);
        var weights = copies ? vectors : own;
        var target = inPlace ? weights : results;
        var (atWeights, atResults) = (copies ? @case.Vectors : @case.Weights, inPlace ? @case.Weights : @case.Results);
        var number = kernel == Kernel.AdaptiveStep ? Reference.Kappa : Reference.Weight;
        Pass(kernel, type, @case, weights.Address + (atWeights * size), vectors.Address + (@case.Vectors * size),
            target.Address + (atResults * size), factors.Address, factors.Address + Elements.BytesOf(Elements.NumberOf(type)), number);

        var expected = target.Host.ToArray();
        for (var i = 0L; i < @case.Elements; i++)
        {
            var (w, v) = (Elements.Read(weights.Host, atWeights + i, type), Elements.Read(vectors.Host, @case.Vectors + i, type));
            Elements.Write(expected, atResults + i, type, Reference.Result(kernel, type, w, v));
        }
        var actual = target.Download();
        for (var i = 0L; i < actual.Length / size; i++)
            if (!Elements.Same(expected, actual, i, type)) return 1;
        return 0;
    }

    /// <summary>The relative difference of a whole sum.</summary>
    private double Sum(Kernel kernel, ElementType type, Case @case)
    {
        var size = Elements.BytesOf(type);
        using var weights = Buffer(type, @case, 1, special: false);
        using var vectors = Buffer(type, @case, 2, special: false);
        var chunks = @case.Sizes.Sum(LaunchTable.ChunksOf);
        using var sums = new DeviceBuffer(machine, new byte[chunks * sizeof(double)]);
        using var result = Numbers(ElementType.Float64, double.NaN);
        var atVectors = vectors.Address + (@case.Vectors * size);
        Pass(kernel, type, @case, weights.Address + (@case.Weights * size), atVectors, atVectors, sums.Address, 0, Reference.Kappa);
        device.Finish(Kernel.Total, ElementType.Float64, sums.Address, (uint)chunks, result.Address);
        var (expected, magnitude) = (0.0, 0.0);
        for (var i = 0L; i < @case.Elements; i++)
        {
            var w = Elements.Read(weights.Host, @case.Weights + i, type);
            var summand = Reference.Summand(kernel, w, Elements.Read(vectors.Host, @case.Vectors + i, type));
            (expected, magnitude) = (expected + summand, magnitude + Math.Abs(summand));
        }
        return Math.Abs(Elements.Read(result.Download(), 0, ElementType.Float64) - expected) / magnitude;
    }

    private double Finish(Kernel kernel, ElementType type, int count)
    {
        using var sums = Numbers(ElementType.Float64, [.. Enumerable.Range(1, count).Select(i => 0.5 + (i * 0.6180339887 % 1))]);
        using var result = Numbers(type, double.NaN);
        device.Finish(kernel, type, sums.Address, (uint)count, result.Address);
        var expected = Enumerable.Range(0, count).Sum(i => Elements.Read(sums.Host, i, ElementType.Float64));
        if (kernel == Kernel.Root) expected = Math.Sqrt(expected);
        return Math.Abs(Elements.Read(result.Download(), 0, type) - expected) / expected;
    }

    private double Scale(ElementType type, double norm)
    {
        using var norms = Numbers(type, norm);
        using var result = Numbers(type, double.NaN);
        device.Scale(type, norms.Address, Reference.Radius, Reference.Floor, result.Address);
        var usable = norm > 0 && double.IsFinite(norm);
        var expected = !usable ? 0 : type == ElementType.Float64 ? Reference.Radius / (norm + Reference.Floor)
            : (float)Reference.Radius / ((float)norm + (float)Reference.Floor);
        return Math.Abs(Elements.Read(result.Download(), 0, type) - expected);
    }

    /// <summary>A pass in as many launches as the list takes.</summary>
    private void Pass(Kernel kernel, ElementType type, Case @case, nint weights, nint vectors, nint results, nint first, nint second, double number)
    {
        var (table, offset) = (new LaunchTable(), 0L);
        foreach (var size in @case.Sizes)
        {
            if (table.IsFull)
            {
                device.Pass(kernel, type, table, first, second, number);
                table.Continue();
            }
            table.Add(size, weights + (nint)offset, vectors + (nint)offset, results + (nint)offset);
            offset += size * Elements.BytesOf(type);
        }
        device.Pass(kernel, type, table, first, second, number);
    }

    /// <summary>A buffer with numbers between -1 and 1, on request with extremes among them.</summary>
    private DeviceBuffer Buffer(ElementType type, Case @case, int seed, bool special)
    {
        double[] extremes = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0, -0.0, 1e-40, 3e38, -65504, 6e-8, 1e-5];
        var bytes = new byte[(@case.Elements + Room) * Elements.BytesOf(type)];
        for (var i = 0L; i < @case.Elements + Room; i++)
        {
            var number = (2 * (((i * 0.6180339887) + (seed * 0.317)) % 1)) - 1;
            if (special && (i * 7 / seed) % 101 < extremes.Length) number = extremes[i * 7 / seed % 101];
            Elements.Write(bytes, i, type, number);
        }
        return new(machine, bytes);
    }

    /// <summary>Numbers of the type that elements are computed in.</summary>
    private DeviceBuffer Numbers(ElementType type, params double[] values)
    {
        var number = Elements.NumberOf(type);
        var bytes = new byte[values.Length * Elements.BytesOf(number)];
        for (var i = 0; i < values.Length; i++) Elements.Write(bytes, i, number, values[i]);
        return new(machine, bytes);
    }

    /// <summary>The largest; one that is no number counts most.</summary>
    private static double Worst(IEnumerable<double> differences) => differences.Aggregate(0.0, Math.Max);
}
