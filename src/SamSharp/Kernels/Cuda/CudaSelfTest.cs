using static TorchSharp.torch;

namespace SamSharp.Kernels.Cuda;

/// <summary>
/// Every kernel for every dtype against libtorch's operators, on the device where it will run: one tensor of 1, 17 and 16,385 elements, views that
/// are not aligned, and 121 tensors, which take two launches. It takes milliseconds, changes no random numbers, and finds kernels that a
/// driver has translated wrongly before they touch a weight.
/// </summary>
internal static partial class CudaSelfTest
{
    private const long Room = 16;
    private const int Longest = 16385;
    private const double Kappa = 0.25;

    private static readonly ReferenceKernels Reference = new();

    /// <summary>An operation over weights, results and vectors, and the kernels that it takes. It returns numbers, or writes results.</summary>
    private sealed record Operation(Kernel[] Kernels, Action<ITensorListKernels, Lists> Write,
        [InDisposeScope] Func<ITensorListKernels, Lists, Tensor>? Read);

    /// <summary>What an operation gets: lists over three buffers, which are compared as a whole.</summary>
    private sealed record Lists(Tensor[] Weights, Tensor[] Results, Tensor[] Vectors, Tensor ResultsBuffer, Tensor Scale, Tensor Factor);

    // How far the tensors of a case lie from the beginnings of their buffers.
    private static readonly (string Name, long[] Sizes, long Weights, long Results, long Vectors)[] Cases =
    [
        ("1 element", [1], 0, 0, 0),
        ("17 elements", [17], 0, 0, 0),
        ("16385 elements", [Longest], 0, 0, 0),
        ("16385 elements, not aligned", [Longest], 1, 1, 1),
        ("1000 elements, aligned in three ways", [1000], 1, 3, 2),
        ("121 tensors", [.. Enumerable.Range(1, 121).Select(i => (i * 37 % 97) + 1L)], 0, 0, 0),
    ];

    private static readonly (Kernel Finish, int Count)[] Finishes =
        [.. new[] { Kernel.Total, Kernel.Root }.SelectMany(finish => new[] { 1, 1025, 9000 }.Select(count => (finish, count)))];

    private static readonly Operation[] Operations =
    [
        new([Kernel.Square, Kernel.Root], (_, _) => { }, (k, x) => k.Norm(x.Vectors)),
        new([Kernel.ScaledSquare, Kernel.Root], (_, _) => { }, (k, x) => k.AdaptiveNorm(x.Weights, x.Vectors, Kappa)),
        new([Kernel.Product, Kernel.Total], (_, _) => { }, (k, x) => k.Dot(x.Weights, x.Vectors)),
        new([Kernel.Scale], (_, _) => { }, (k, x) => k.Scale(x.Scale, 0.05, 0.01)),
        new([Kernel.Scale], (_, _) => { }, (k, x) => k.Scale(x.Scale.sub(x.Scale), 0.05, 0.01)),
        new([Kernel.Scale], (_, _) => { }, (k, x) => k.Scale(x.Scale.Over(0), 0.05, 0.01)),
        new([Kernel.Step], (k, x) => k.Perturb(x.Weights, x.Results, x.Vectors, x.Scale), null),
        new([Kernel.AdaptiveStep], (k, x) => k.PerturbAdaptive(x.Weights, x.Results, x.Vectors, x.Scale, Kappa), null),
        new([Kernel.Copy], (k, x) => k.Copy(x.Results, x.Vectors), null),
        new([Kernel.Accumulate], (k, x) => k.Accumulate(x.Results, x.Vectors, 0.25), null),
        new([Kernel.Mix], (k, x) => k.Mix(x.Results, x.Scale, x.Vectors, x.Factor), null),
    ];

    /// <summary>Compares kernels with libtorch's operators.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="place">The device.</param>
    /// <returns>What differs; null if nothing does.</returns>
    public static string? Run(CudaKernels kernels, Device place) =>
        Enum.GetValues<ElementType>().Select(type => Run(kernels, place, type)).FirstOrDefault(difference => difference is not null);

    /// <summary>Compares the kernels for one dtype; on request only one of them, with those that finish its work.</summary>
    public static string? Run(CudaKernels kernels, Device place, ElementType type, Kernel? only = null)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var dtype = CudaKernels.DtypeOf(type);
        var (weights, results) = (Numbers(0.6180339887, dtype, place), Numbers(0.7548776662, dtype, place));
        var vectors = Numbers(0.5698402910, dtype, place);
        List<(string Operation, string Case)> names = [];
        List<Tensor> equal = [];
        foreach (var @case in Cases)
        {
            foreach (var operation in Operations.Where(operation => only is null || operation.Kernels.Contains(only.Value)))
            {
                Lists Make(bool whole) => Slice(@case, weights, results.clone(), vectors, dtype, whole);
                var (mine, theirs) = (Make(whole: false), Make(whole: true));
                operation.Write(kernels, mine);
                operation.Write(Reference, theirs);
                names.Add((string.Join(" and ", operation.Kernels), @case.Name));
                equal.Add(operation.Read is { } read
                    ? AgreeAsNumbers(read(kernels, mine), read(Reference, theirs))
                    : Agree(mine.ResultsBuffer, theirs.ResultsBuffer, operation.Kernels is [Kernel.Copy] ? 0 : ToleranceOf(type)));
            }
        }
        if (type is ElementType.Float16 or ElementType.BFloat16)
        {
            foreach (var (name, agrees) in CompareRounded(kernels, weights, vectors, results, only))
            {
                names.Add(name);
                equal.Add(agrees);
            }
        }
        foreach (var (finish, count) in Finishes.Where(pair => pair.Finish.Dtypes().Contains(type) && (only is null || pair.Finish == only)))
        {
            // Of tensors, only hundreds of millions of elements leave so many sums.
            var sums = weights.narrow(0, 0, count).to(ScalarType.Float64).abs();
            var total = sums.sum();
            names.Add((finish.ToString(), $"{count} sums"));
            equal.Add(kernels.Finish(finish, sums, dtype) is { } mine
                ? AgreeAsNumbers(mine, finish == Kernel.Root ? total.sqrt() : total) : tensor(false).to(place));
        }
        // One read for all.
        var right = stack(equal).ReadAll<bool>();
        var wrong = Array.IndexOf(right, false);
        return wrong < 0 ? null
            : $"{names[wrong].Operation} in {dtype.ToString().ToLowerInvariant()} gave other numbers than libtorch ({names[wrong].Case})";
    }

    /// <summary>Numbers between -1 and 1 that no random generator is asked for.</summary>
    [InDisposeScope]
    private static Tensor Numbers(double step, ScalarType dtype, Device place) =>
        tensor(Enumerable.Range(1, Longest + (int)Room).Select(i => (2 * (i * step % 1)) - 1).ToArray()).to(dtype, place, copy: true);

    /// <summary>Lists over the buffers. Libtorch gets 121 tensors as a single one, which is as good and quicker.</summary>
    private static Lists Slice((string Name, long[] Sizes, long Weights, long Results, long Vectors) @case, Tensor weights, Tensor results,
        Tensor vectors, ScalarType dtype, bool whole)
    {
        long[] sizes = whole ? [@case.Sizes.Sum()] : @case.Sizes;
        var number = dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        return new(Cut(weights, @case.Weights), Cut(results, @case.Results), Cut(vectors, @case.Vectors), results,
            tensor(0.3, number, results.device), tensor(-1.75, number, results.device));

        Tensor[] Cut(Tensor buffer, long start) => Array.ConvertAll(sizes, size => buffer.narrow(0, (start += size) - size, size));
    }

    [InDisposeScope]
    private static Tensor Agree(Tensor mine, Tensor theirs, double tolerance)
    {
        var (a, b) = (mine.to(ScalarType.Float64), theirs.to(ScalarType.Float64));
        var allowed = b.abs().Clamped(min: 1).MultiplyBy(tolerance);
        return a.sub(b).abs().le(allowed).all();
    }

    [InDisposeScope]
    private static Tensor AgreeAsNumbers(Tensor mine, Tensor theirs) => Agree(mine, theirs, mine.dtype == ScalarType.Float64 ? 1e-12 : 1e-5);

    /// <summary>Two roundings, since a compiler may have contracted libtorch's product and sum.</summary>
    private static double ToleranceOf(ElementType type) => type switch
    {
        ElementType.Float64 => 5e-16,
        ElementType.Float32 => 2.5e-7,
        ElementType.Float16 => 2e-3,
        _ => 1.6e-2,
    };
}
