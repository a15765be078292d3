using System.Numerics;
using System.Runtime.Intrinsics;

namespace SamSharp.Optimizers.FusedKernels;

/// <summary>Gradient descent with momentum over raw memory.</summary>
internal readonly unsafe struct SgdRule<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T _sign, _penalty, _momentum, _rest, _ahead, _rate;
    private readonly bool _nesterov;

    /// <param name="options">A group's options.</param>
    /// <param name="first">Whether the momentum buffers begin with this step.</param>
    public SgdRule(FusedSGD.Options options, bool first)
    {
        (_sign, _penalty) = (T.CreateTruncating(options.Maximize!.Value ? -1.0 : 1.0), T.CreateTruncating(options.WeightDecay!.Value));
        (_momentum, _rest) = (T.CreateTruncating(first ? 0 : options.Momentum!.Value), T.CreateTruncating(first ? 1 : 1 - options.Dampening!.Value));
        (_ahead, _rate) = (T.CreateTruncating(options.Momentum!.Value), T.CreateTruncating(options.LearningRate!.Value));
        _nesterov = options.Nesterov!.Value;
    }

    /// <summary>The step of some neighbouring elements.</summary>
    /// <param name="w">Weights.</param>
    /// <param name="g">Gradients.</param>
    /// <param name="b">Momentum, or null for none.</param>
    /// <param name="count">How many elements.</param>
    public void Update(T* w, T* g, T* b, int count)
    {
        Vector256<T> sign = Vector256.Create(_sign), penalty = Vector256.Create(_penalty), rate = Vector256.Create(_rate);
        Vector256<T> momentum = Vector256.Create(_momentum), rest = Vector256.Create(_rest), ahead = Vector256.Create(_ahead);
        var i = 0;
        for (; i <= count - Vector256<T>.Count; i += Vector256<T>.Count)
        {
            var weight = Vector256.Load(w + i);
            var change = (sign * Vector256.Load(g + i)) + (penalty * weight);
            if (b != null)
            {
                var buffer = (momentum * Vector256.Load(b + i)) + (rest * change);
                buffer.Store(b + i);
                change = _nesterov ? change + (ahead * buffer) : buffer;
            }
            (weight - (rate * change)).Store(w + i);
        }
        for (; i < count; i++)
        {
            var change = (_sign * g[i]) + (_penalty * w[i]);
            if (b != null)
            {
                b[i] = (_momentum * b[i]) + (_rest * change);
                change = _nesterov ? change + (_ahead * b[i]) : b[i];
            }
            w[i] -= _rate * change;
        }
    }
}
