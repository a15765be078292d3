using System.Numerics;
using System.Runtime.Intrinsics;

namespace SamSharp.Optimizers.FusedKernels;

/// <summary>Adam and AdamW over raw memory. Every number that the elements share is computed in double, once.</summary>
internal readonly unsafe struct AdamRule<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T _sign, _penalty, _keep, _beta1, _rest1, _beta2, _rest2, _rate, _inverseRoot, _epsilon;

    /// <param name="options">A group's options.</param>
    /// <param name="step">The parameters' own step t = 1, 2, ...</param>
    /// <param name="decoupled">Whether weights decay beside the gradient (AdamW), not as a part of it.</param>
    public AdamRule(FusedAdamBase.Options options, long step, bool decoupled)
    {
        double rate = options.LearningRate!.Value, beta1 = options.Beta1!.Value, beta2 = options.Beta2!.Value, decay = options.WeightDecay!.Value;
        _sign = T.CreateTruncating(options.Maximize!.Value ? -1.0 : 1.0);
        (_penalty, _keep) = (T.CreateTruncating(decoupled ? 0 : decay), T.CreateTruncating(decoupled ? 1 - (rate * decay) : 1));
        (_beta1, _rest1, _beta2, _rest2) = (T.CreateTruncating(beta1), T.CreateTruncating(1 - beta1), T.CreateTruncating(beta2), T.CreateTruncating(1 - beta2));
        (_rate, _inverseRoot) = (T.CreateTruncating(rate / (1 - Math.Pow(beta1, step))), T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(beta2, step))));
        _epsilon = T.CreateTruncating(options.Epsilon!.Value);
    }

    /// <summary>The step of some neighbouring elements.</summary>
    /// <param name="w">Weights.</param>
    /// <param name="g">Gradients.</param>
    /// <param name="m">First moments.</param>
    /// <param name="v">Second moments.</param>
    /// <param name="largest">The largest second moments, or null without AMSGrad.</param>
    /// <param name="count">How many elements.</param>
    public void Update(T* w, T* g, T* m, T* v, T* largest, int count)
    {
        Vector256<T> sign = Vector256.Create(_sign), penalty = Vector256.Create(_penalty), keep = Vector256.Create(_keep), rate = Vector256.Create(_rate);
        Vector256<T> beta1 = Vector256.Create(_beta1), rest1 = Vector256.Create(_rest1), beta2 = Vector256.Create(_beta2), rest2 = Vector256.Create(_rest2);
        Vector256<T> inverseRoot = Vector256.Create(_inverseRoot), epsilon = Vector256.Create(_epsilon);
        var i = 0;
        for (; i <= count - Vector256<T>.Count; i += Vector256<T>.Count)
        {
            var weight = Vector256.Load(w + i);
            var gradient = (sign * Vector256.Load(g + i)) + (penalty * weight);
            var first = (beta1 * Vector256.Load(m + i)) + (rest1 * gradient);
            var second = (beta2 * Vector256.Load(v + i)) + (rest2 * (gradient * gradient));
            first.Store(m + i);
            second.Store(v + i);
            if (largest != null) (second = Vector256.Max(Vector256.Load(largest + i), second)).Store(largest + i);
            ((keep * weight) - (rate * first / ((Vector256.Sqrt(second) * inverseRoot) + epsilon))).Store(w + i);
        }
        for (; i < count; i++)
        {
            var gradient = (_sign * g[i]) + (_penalty * w[i]);
            m[i] = (_beta1 * m[i]) + (_rest1 * gradient);
            v[i] = (_beta2 * v[i]) + (_rest2 * (gradient * gradient));
            var second = v[i];
            if (largest != null) largest[i] = second = T.Max(largest[i], second);
            w[i] = (_keep * w[i]) - (_rate * m[i] / ((T.Sqrt(second) * _inverseRoot) + _epsilon));
        }
    }
}
