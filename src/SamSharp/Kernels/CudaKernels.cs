using System.Collections.Concurrent;
using SamSharp.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp.Kernels;

/// <summary>
/// This library's kernels for lists of contiguous tensors on a CUDA device: each operation reads and writes every element once, in one launch per 120
/// tensors (and one more to finish a sum), and waits for nothing. Every other list goes to <see cref="MultiTensorKernels"/>, as does every list on a
/// device where they cannot run.
/// </summary>
/// <param name="open">Opens the driver, when the first list arrives.</param>
/// <param name="kind">The kind of device; only tests use another one than CUDA.</param>
internal sealed class CudaKernels(Func<ICudaDriver> open, DeviceType kind = DeviceType.CUDA) : ITensorListKernels
{
    private readonly MultiTensorKernels _others = new();
    private readonly Lazy<ICudaDriver> _driver = new(open);
    private readonly ConcurrentDictionary<int, Lazy<CudaDevice>> _devices = new();
    private readonly ConcurrentDictionary<int, string> _failures = new();

    /// <summary>Whether these kernels run on each device that a list was on, and if not, why.</summary>
    public string Status => _devices.IsEmpty
        ? "not used so far: there was no list of contiguous tensors on a CUDA device"
        : string.Join("; ", _devices.Keys.Order().Select(ordinal => _failures.TryGetValue(ordinal, out var failure)
            ? $"cuda:{ordinal}: not used, since {failure}"
            : $"cuda:{ordinal}: used, {LaunchesOn(ordinal)} launches so far"));

    /// <summary>Launches so far, on all devices.</summary>
    public long Launches => _devices.Keys.Sum(LaunchesOn);

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
        if (norm.NumberOfElements != 1 || norm.dtype != NumberOf(norm.dtype) || !TryFind([norms], out var ordinal, out var device))
            return _others.Scale(norm, radius, floor);
        var scale = empty([], norm.dtype, norm.device);
        if (Try(ordinal, () => device.Scale(norm.dtype, TensorAddress.Of(norm), radius, floor, TensorAddress.Of(scale)))) return scale;
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

    /// <summary>The sum of what a pass leaves for each chunk; null if other kernels must compute it.</summary>
    private Tensor? Sum(Kernel pass, Kernel finish, Tensor[] weights, Tensor[] vectors, double number = 0)
    {
        if (!TryFind([weights, vectors], out var ordinal, out var device)) return null;
        var (type, place) = (NumberOf(vectors[0].dtype), vectors[0].device);
        var chunks = vectors.Sum(vector => LaunchTable.ChunksOf(vector.NumberOfElements));
        using var sums = empty(chunks, type, place);
        var result = empty([], type, place);
        if (Run(ordinal, device, pass, weights, vectors, vectors, TensorAddress.Of(sums), 0, number) == vectors.Length
            && Try(ordinal, () => device.Finish(finish, type, TensorAddress.Of(sums), (uint)chunks, TensorAddress.Of(result)))) return result;
        result.Dispose();
        return null;
    }

    /// <summary>A pass that writes results. Returns how many tensors of the list it has done; other kernels do the rest, if any.</summary>
    private int Map(Kernel pass, Tensor[] weights, Tensor[] vectors, Tensor[] results, Tensor[] factors, double number = 0)
    {
        if (!TryFind([weights, vectors, results], out var ordinal, out var device)) return 0;
        if (!Array.TrueForAll(factors, f => f.device_type == kind && f.device_index == ordinal && f.dtype == NumberOf(weights[0].dtype))) return 0;
        return Run(ordinal, device, pass, weights, vectors, results, AddressOf(0), AddressOf(1), number);

        nint AddressOf(int factor) => factor < factors.Length ? TensorAddress.Of(factors[factor]) : 0;
    }

    /// <summary>A pass over a list, as many tensors at a time as a launch takes. Returns how many it has done
    /// before a launch failed; all, if none did.</summary>
    private int Run(int ordinal, CudaDevice device, Kernel pass, Tensor[] weights, Tensor[] vectors, Tensor[] results, nint first, nint second,
        double number)
    {
        var (table, dtype, done) = (new LaunchTable(), weights[0].dtype, 0);
        for (var i = 0; i < weights.Length; table.Continue(), done = i)
        {
            for (; i < weights.Length && !table.IsFull; i++)
            {
                if (weights[i].NumberOfElements is > 0 and var elements)
                    table.Add(elements, TensorAddress.Of(weights[i]), TensorAddress.Of(vectors[i]), TensorAddress.Of(results[i]));
            }
            if (table.Chunks > 0 && !Try(ordinal, () => device.Pass(pass, dtype, table, first, second, number))) break;
        }
        return done;
    }

    /// <summary>The device for lists that can be passed over: contiguous tensors of one dtype on one device, with equal
    /// numbers of elements position by position.</summary>
    private bool TryFind(ReadOnlySpan<Tensor[]> lists, out int ordinal, out CudaDevice device)
    {
        (ordinal, device) = (0, null!);
        if (lists[0].Length == 0 || lists[0][0].device_type != kind || !CudaDevice.Takes(lists[0][0].dtype)) return false;
        ordinal = lists[0][0].device_index;
        var dtype = lists[0][0].dtype;
        foreach (var list in lists)
        {
            if (list.Length != lists[0].Length) return false;
            for (var i = 0; i < list.Length; i++)
            {
                var tensor = list[i];
                if (tensor.device_type != kind || tensor.device_index != ordinal || tensor.dtype != dtype || !tensor.is_contiguous()
                    || tensor.NumberOfElements != lists[0][i].NumberOfElements) return false;
            }
        }
        return TryLoad(ordinal, out device);
    }

    private bool TryLoad(int ordinal, out CudaDevice device)
    {
        device = null!;
        if (_failures.ContainsKey(ordinal)) return false;
        var loading = _devices.GetOrAdd(ordinal, number => new Lazy<CudaDevice>(() => new CudaDevice(_driver.Value, number)));
        CudaDevice? loaded = null;
        if (!Try(ordinal, () => loaded = loading.Value)) return false;
        device = loaded!;
        return true;
    }

    /// <summary>False if the driver refuses; other kernels then serve the device from now on.</summary>
    private bool Try(int ordinal, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (CudaException e)
        {
            _failures.TryAdd(ordinal, e.Message);
            return false;
        }
    }

    private long LaunchesOn(int ordinal) => _devices[ordinal] is { IsValueCreated: true } device ? device.Value.Launches : 0;

    private static ScalarType NumberOf(ScalarType dtype) => dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
}
