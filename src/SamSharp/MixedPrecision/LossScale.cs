using SamSharp.Kernels;
using static TorchSharp.torch;

namespace SamSharp.MixedPrecision;

/// <summary>The scale of an optimizer's losses, and what must be known to adapt it. All of it stays on the device.</summary>
/// <param name="settings">How the scale changes.</param>
/// <param name="device">Where it lives: the device of the first parameters.</param>
internal sealed class LossScale(LossScaler settings, Func<Device> device) : IDisposable
{
    // PyTorch's own operators, which torch.amp.GradScaler calls too.
    private static readonly TorchScript Script = new("""
        def unscale(gradients: List[Tensor], found: Tensor, inverse: Tensor):
            torch._amp_foreach_non_finite_check_and_unscale_(gradients, found, inverse)

        def scale(gradients: List[Tensor], factor: Tensor):
            torch._foreach_mul_(gradients, factor)

        def update(scale: Tensor, steps: Tensor, found: Tensor, growth: float, backoff: float, interval: int):
            torch._amp_update_scale_(scale, steps, found, growth, backoff, interval)
        """);

    private readonly Dictionary<string, Tensor> _found = []; // for each device, whether a gradient of this step has overflowed
    private Tensor? _scale, _steps;
    private (double Scale, int Steps) _start = (settings.InitialScale, 0);
    private bool _isInGradients;

    /// <summary>The scale; reading it waits for the device.</summary>
    public double Value => _scale?.Value() ?? _start.Scale;

    /// <summary>The number of steps in a row without an overflow; reading it waits for the device.</summary>
    public int Steps => _steps?.Read<int>() ?? _start.Steps;

    /// <summary>Adds the gradients of the scaled loss to those of the parameters.</summary>
    public void Backward(Tensor loss)
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        var wide = loss.dtype == ScalarType.Float64 ? loss : loss.to(ScalarType.Float32);
        wide.mul(Scale.to(loss.device)).backward();
        _isInGradients = true;
    }

    /// <summary>Says that gradients have been computed from those of a scaled loss.</summary>
    public void NoteScaled() => _isInGradients = true;

    /// <summary>Says that the parameters' gradients are gone.</summary>
    public void NoteCleared() => _isInGradients = false;

    /// <summary>Forgets the overflows of the last step.</summary>
    public void Begin()
    {
        using var noGradient = no_grad();
        foreach (var found in _found.Values) found.zero_();
    }

    /// <summary>Divides the scale out of gradients, each list of one device and dtype, unless that has been done.</summary>
    public void Unscale(IEnumerable<Tensor[]> lists)
    {
        if (!_isInGradients) return;
        _isInGradients = false;
        Each(lists, (list, scale) => Script.Run("unscale", [list, FoundOn(list[0].device), scale.reciprocal()]));
    }

    /// <summary>Multiplies gradients by the scale again, so that a further pass can add to them.</summary>
    public void ScaleAgain(IEnumerable<Tensor[]> lists) => Each(lists, (list, scale) => Script.Run("scale", [list, scale]));

    /// <summary>Not 0 if a gradient of this step has overflowed.</summary>
    [InDisposeScope]
    public Tensor FoundOverflow() =>
        _found.Values.Aggregate(zeros_like(Scale), (sum, found) => sum.Plus(found.to(Scale.device)));

    /// <summary>Lets the scale grow or shrink at the end of a step.</summary>
    /// <param name="foundInf">Not 0 if a number of the step was not finite; null if that is known to be so.</param>
    public void Update(Tensor? foundInf)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Script.Run("update", [Scale, _steps!, foundInf?.to(Scale.device) ?? ones_like(Scale),
            settings.GrowthFactor, settings.BackoffFactor, settings.GrowthInterval]);
    }

    /// <summary>Continues from a checkpoint.</summary>
    public void Resume(double scale, int steps)
    {
        Dispose();
        _start = (scale, steps);
    }

    public void Dispose()
    {
        _scale?.Dispose();
        _steps?.Dispose();
        foreach (var found in _found.Values) found.Dispose();
        _found.Clear();
        _scale = _steps = null;
    }

    private void Each(IEnumerable<Tensor[]> lists, [InDisposeScope] Action<Tensor[], Tensor> change)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var list in lists)
        {
            if (list.Length > 0) change(list, Scale.to(list[0].device));
        }
    }

    private Tensor Scale
    {
        get
        {
            if (_scale is not null) return _scale;
            _steps = tensor(_start.Steps, ScalarType.Int32, device()).DetachFromDisposeScope();
            return _scale = tensor(_start.Scale, ScalarType.Float32, device()).DetachFromDisposeScope();
        }
    }

    private Tensor FoundOn(Device place)
    {
        if (!_found.TryGetValue(place.ToString(), out var found))
            _found[place.ToString()] = found = zeros([], ScalarType.Float32, place).DetachFromDisposeScope();
        return found;
    }
}
