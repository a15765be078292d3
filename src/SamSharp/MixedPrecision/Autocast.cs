using SamSharp.MixedPrecision;
using TorchSharp;
using static TorchSharp.torch;

namespace SamSharp;

/// <summary>
/// Mixed precision for any module: within the scope libtorch computes products and convolutions in 16 bits, and what needs the precision in
/// float32, by its own lists of operators. Weights stay float32, and so do their gradients.
/// </summary>
/// <remarks>
/// <para>The state belongs to the thread that opened the scope: open it where the forward pass runs, and do not let it span an <c>await</c>.
/// Inner scopes override outer ones until they end. float16 needs a loss scale (<see cref="LossScaler"/>); bfloat16 does not.</para>
/// <para>libtorch keeps the 16-bit copy of a weight until the outermost scope ends. The optimizers and measures of this library drop these
/// copies whenever weights have moved, so that a scope may lie inside a closure or around whole steps. Code of yours that changes
/// weights within a scope has to close the scope first.</para>
/// </remarks>
/// <example><code>
/// var loss = optimizer.Step(() =>
/// {
///     Tensor loss;
///     using (Autocast.BFloat16(x.device)) loss = Loss(model.call(x), y);
///     loss.backward();
///     return loss;
/// });
/// </code></example>
public sealed class Autocast : IDisposable
{
    private readonly AutocastFunctions _functions;
    private readonly DeviceType _device;
    private readonly AutocastSetting _before;
    private readonly int _depth, _thread;
    private bool _isClosed;

    private Autocast(AutocastFunctions functions, Device device, ScalarType? dtype)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device.type is not (DeviceType.CPU or DeviceType.CUDA))
            throw new ArgumentException($"Autocast works on CPU and CUDA devices; this one is {device}.", nameof(device));
        if (functions.Missing is { } missing)
            throw new NotSupportedException($"The libtorch in this process has no autocast that can be reached: it does not export {missing}.");
        (_functions, _device, _before) = (functions, device.type, functions[device.type]);
        functions[_device] = new(dtype is not null, dtype ?? _before.Dtype);
        (_depth, _thread) = (functions.Enter(), Environment.CurrentManagedThreadId);
    }

    /// <summary>Computes in bfloat16, which has float32's range and 8 significant bits.</summary>
    /// <param name="device">Where the operators run: a CPU or CUDA device.</param>
    /// <returns>The scope; disposing it restores what was set before.</returns>
    /// <exception cref="ArgumentException">The device is of another kind.</exception>
    /// <exception cref="NotSupportedException">libtorch does not export its autocast functions.</exception>
    public static Autocast BFloat16(Device device) => Open(AutocastFunctions.OfLibtorch, device, ScalarType.BFloat16);

    /// <summary>Computes in float16, whose numbers end at 65504 and vanish below 6e-8: scale the loss (<see cref="LossScaler"/>).</summary>
    /// <inheritdoc cref="BFloat16"/>
    public static Autocast Float16(Device device) => Open(AutocastFunctions.OfLibtorch, device, ScalarType.Float16);

    /// <summary>Turns autocast off within another scope.</summary>
    /// <inheritdoc cref="BFloat16"/>
    public static Autocast Disabled(Device device) => Open(AutocastFunctions.OfLibtorch, device, null);

    /// <summary>The type that operators on the device compute in on this thread; null where autocast is off.</summary>
    /// <param name="device">A CPU or CUDA device.</param>
    public static ScalarType? TypeOn(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type is DeviceType.CPU or DeviceType.CUDA && AutocastFunctions.OfLibtorch is { Missing: null } functions
            && functions[device.type] is { IsEnabled: true } setting ? setting.Dtype : null;
    }

    internal static Autocast Open(AutocastFunctions functions, Device device, ScalarType? dtype) => new(functions, device, dtype);

    /// <summary>Restores what was set before. A scope that was put right already is left alone.</summary>
    /// <exception cref="InvalidOperationException">Another thread opened the scope.</exception>
    public void Dispose()
    {
        if (_isClosed) return;
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException("A scope of Autocast ends on the thread that opened it; it cannot span an await.");
        _isClosed = true;
        if (_functions.Depth < _depth) return;
        _functions[_device] = _before;
        _functions.LeaveTo(_depth - 1);
    }

    /// <summary>Drops the 16-bit copies of weights that an open scope keeps. Call it whenever weights have moved, and between passes with and
    /// without gradients: a copy made without has no history.</summary>
    internal static void DropCopies()
    {
        if (AutocastFunctions.OfLibtorch is { Missing: null } functions) functions.ClearCache();
    }

    /// <summary>Calls a function of the user's. If it throws, scopes that it left open are closed.</summary>
    internal static T Call<T>(Func<T> function)
    {
        if (AutocastFunctions.OfLibtorch is not { Missing: null } functions) return function();
        var (cpu, cuda, depth) = (functions[DeviceType.CPU], functions[DeviceType.CUDA], functions.Depth);
        try
        {
            return function();
        }
        catch
        {
            if (functions.Depth > depth) (functions[DeviceType.CPU], functions[DeviceType.CUDA]) = (cpu, cuda);
            functions.LeaveTo(depth);
            throw;
        }
    }
}
