using SamSharp.Kernels.Cuda;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// This library's kernels for lists of contiguous tensors on a CUDA device: each operation reads and writes every element once, in one launch per
/// 120 tensors (80 in a rounded pass; and one more to finish a sum), and waits for nothing. Every other list goes to
/// <see cref="MultiTensorKernels"/>, as does every list on a device where they cannot run.
/// </summary>
/// <param name="devices">The devices.</param>
/// <param name="place">Where tensors lie.</param>
internal sealed partial class CudaKernels(CudaDevices devices, TensorPlace place) : ITensorListKernels
{
    private readonly MultiTensorKernels _others = new();

    /// <summary>Whether these kernels run on each device that a list was on, and if not, why.</summary>
    public string Status => devices.Status;

    /// <summary>Launches so far, on all devices.</summary>
    public long Launches => devices.Launches;

    /// <summary>Kernels that test each device at first use.</summary>
    /// <param name="open">Opens the driver, when the first list arrives.</param>
    /// <param name="warn">Tells the user once for each device that the kernels do not run there.</param>
    /// <param name="off">Why they run on no device; null if they may.</param>
    /// <param name="place">Where tensors lie; null for the GPUs.</param>
    public static CudaKernels Tested(Func<ICudaDriver> open, Action<string> warn, string? off = null, TensorPlace? place = null)
    {
        var where = place ?? TensorPlace.Gpu;
        return new(new CudaDevices(open, Difference, warn, off), where);

        string? Difference(CudaDevice opened, int ordinal, Device device)
        {
            var only = new CudaDevices(opened);
            var difference = CudaSelfTest.Run(new CudaKernels(only, where with { OrdinalOf = _ => ordinal }), device);
            return only.Failure ?? difference;
        }
    }

    /// <summary>The dtype of tensors of a type.</summary>
    public static ScalarType DtypeOf(ElementType type) => type switch
    {
        ElementType.Float32 => ScalarType.Float32,
        ElementType.Float64 => ScalarType.Float64,
        ElementType.Float16 => ScalarType.Float16,
        _ => ScalarType.BFloat16,
    };

    /// <inheritdoc/>
    public Tensor Norm(Tensor[] vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        return Sum(Kernel.Square, Kernel.Root, vectors, vectors) ?? _others.Norm(vectors);
    }

    /// <inheritdoc/>
    public Tensor AdaptiveNorm(Tensor[] weights, Tensor[] vectors, double kappa)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(vectors);
        return Sum(Kernel.ScaledSquare, Kernel.Root, weights, vectors, kappa) ?? _others.AdaptiveNorm(weights, vectors, kappa);
    }

    /// <inheritdoc/>
    public Tensor Dot(Tensor[] left, Tensor[] right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return Sum(Kernel.Product, Kernel.Total, left, right) ?? _others.Dot(left, right);
    }

    /// <inheritdoc/>
    public Tensor Scale(Tensor norm, double radius, double floor)
    {
        ArgumentNullException.ThrowIfNull(norm);
        Tensor[] norms = [norm];
        if (norm.NumberOfElements != 1 || norm.dtype != NumberOf(norm.dtype) || !TryFind([norms], out var device))
            return _others.Scale(norm, radius, floor);
        var scale = empty([], norm.dtype, norm.device);
        var type = TypeOf(norm)!.Value;
        if (Try(norm, device, to => to.Scale(type, place.AddressOf(norm), radius, floor, place.AddressOf(scale))) && device.Trouble is null)
            return scale;
        scale.Dispose();
        return _others.Scale(norm, radius, floor);
    }

    /// <inheritdoc/>
    public void Perturb(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(vectors);
        var done = Map(Kernel.Step, weights, vectors, results, [scale]);
        if (done < results.Length) _others.Perturb(weights[done..], results[done..], vectors[done..], scale);
    }

    /// <inheritdoc/>
    public void PerturbAdaptive(Tensor[] weights, Tensor[] results, Tensor[] vectors, Tensor scale, double kappa)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(vectors);
        var done = Map(Kernel.AdaptiveStep, weights, vectors, results, [scale], kappa);
        if (done < results.Length) _others.PerturbAdaptive(weights[done..], results[done..], vectors[done..], scale, kappa);
    }

    /// <inheritdoc/>
    public void Copy(Tensor[] targets, Tensor[] sources)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(sources);
        var done = Map(Kernel.Copy, sources, sources, targets, []);
        if (done < targets.Length) _others.Copy(targets[done..], sources[done..]);
    }

    /// <inheritdoc/>
    public void Accumulate(Tensor[] sums, Tensor[] vectors, double weight)
    {
        ArgumentNullException.ThrowIfNull(sums);
        ArgumentNullException.ThrowIfNull(vectors);
        var done = Map(Kernel.Accumulate, sums, vectors, sums, [], weight);
        if (done < sums.Length) _others.Accumulate(sums[done..], vectors[done..], weight);
    }

    /// <inheritdoc/>
    public void Mix(Tensor[] targets, Tensor own, Tensor[] vectors, Tensor other)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(vectors);
        var done = Map(Kernel.Mix, targets, vectors, targets, [own, other]);
        if (done < targets.Length) _others.Mix(targets[done..], own, vectors[done..], other);
    }

    /// <summary>The total of the float64 numbers that a pass has left, or the root of it; null if other kernels must compute it.</summary>
    internal Tensor? Finish(Kernel finish, Tensor sums, ScalarType dtype)
    {
        if (!TryFind([[sums]], out var device) || device.Trouble is not null) return null;
        var result = empty([], dtype, sums.device);
        var type = TypeOf(result)!.Value;
        if (Try(sums, device, to => to.Finish(finish, type, place.AddressOf(sums), (uint)sums.NumberOfElements, place.AddressOf(result)))
            && device.Trouble is null) return result;
        result.Dispose();
        return null;
    }

    /// <summary>The sum of what a pass leaves for each chunk; null if other kernels must compute it.</summary>
    private Tensor? Sum(Kernel pass, Kernel finish, Tensor[] weights, Tensor[] vectors, double number = 0)
    {
        var chunks = vectors.Sum(vector => LaunchTable.ChunksOf(vector.NumberOfElements));
        if (chunks == 0 || !TryFind([weights, vectors], out var device)) return null;
        using var sums = empty(chunks, ScalarType.Float64, vectors[0].device);
        var dtype = finish == Kernel.Total ? ScalarType.Float64 : NumberOf(vectors[0].dtype);
        return Run(device, pass, new(weights), vectors, vectors, place.AddressOf(sums), 0, number) == vectors.Length
            ? Finish(finish, sums, dtype) : null;
    }

    /// <summary>A pass that writes results. Returns how many tensors of the list it has done; other kernels do the rest, if any.</summary>
    private int Map(Kernel pass, Tensor[] weights, Tensor[] vectors, Tensor[] results, Tensor[] factors, double number = 0)
    {
        if (weights.Length == 0 || !Array.TrueForAll(factors, factor => IsNumberFor(factor, weights[0]))) return 0;
        return TryFind([weights, vectors, results], out var device)
            ? Run(device, pass, new(weights), vectors, results, AddressOf(0), AddressOf(1), number) : 0;

        nint AddressOf(int factor) => factor < factors.Length ? place.AddressOf(factors[factor]) : 0;
    }

    /// <summary>A pass over a list, as many tensors at a time as a launch takes. Returns how many it has done
    /// before a launch failed; all, if none did.</summary>
    private int Run(CudaDevice device, Kernel pass, NarrowWeights lists, Tensor[] vectors, Tensor[] results, nint first, nint second, double number)
    {
        var weights = lists.Weights;
        var (table, type, done) = (new LaunchTable(pass.IsRounded()), TypeOf(weights[0])!.Value, 0);
        for (var i = 0; i < weights.Length; table.Continue(), done = i)
        {
            for (; i < weights.Length && !table.IsFull; i++)
            {
                if (weights[i].NumberOfElements is > 0 and var elements)
                {
                    table.Add(elements, place.AddressOf(weights[i]), place.AddressOf(vectors[i]), place.AddressOf(results[i]),
                        lists.Masters is { } masters ? place.AddressOf(masters[i]) : 0, lists.Keys?[i] ?? 0);
                }
            }
            if (table.Chunks > 0 && !Try(weights[0], device, to => to.Pass(pass, type, table, first, second, number))) break;
        }
        return done;
    }

    /// <summary>The device for lists that can be passed over: contiguous tensors of one dtype on one device, with equal
    /// numbers of elements position by position, and not all of them empty.</summary>
    private bool TryFind(ReadOnlySpan<Tensor[]> lists, out CudaDevice device)
    {
        device = null!;
        if (lists[0].Length == 0 || lists[0][0].device_type != place.Kind || TypeOf(lists[0][0]) is null) return false;
        var (ordinal, dtype, empty) = (place.OrdinalOf(lists[0][0]), lists[0][0].dtype, true);
        foreach (var list in lists)
        {
            if (list.Length != lists[0].Length) return false;
            for (var i = 0; i < list.Length; i++)
            {
                var tensor = list[i];
                if (tensor.device_type != place.Kind || place.OrdinalOf(tensor) != ordinal || tensor.dtype != dtype || !tensor.is_contiguous()
                    || tensor.NumberOfElements != lists[0][i].NumberOfElements) return false;
                empty &= tensor.NumberOfElements == 0;
            }
        }
        return !empty && devices.TryFind(ordinal, lists[0][0].device, out device);
    }

    private bool Try(Tensor at, CudaDevice device, Action<CudaDevice> launch) => devices.Try(place.OrdinalOf(at), device, launch);

    /// <summary>Whether a tensor is a single number in which lists like <paramref name="like"/> are computed, on their device.</summary>
    private bool IsNumberFor(Tensor factor, Tensor like) => factor.NumberOfElements == 1 && factor.dtype == NumberOf(like.dtype)
        && factor.device_type == like.device_type && place.OrdinalOf(factor) == place.OrdinalOf(like);

    private static ElementType? TypeOf(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.Float32 => ElementType.Float32,
        ScalarType.Float64 => ElementType.Float64,
        ScalarType.Float16 => ElementType.Float16,
        ScalarType.BFloat16 => ElementType.BFloat16,
        _ => null,
    };

    private static ScalarType NumberOf(ScalarType dtype) => dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
}
