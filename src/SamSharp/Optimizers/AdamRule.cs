using System.Numerics;
using System.Runtime.Intrinsics;
using SamSharp.Kernels;
using SamSharp.Kernels.Vectorized;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>Adam and AdamW, which differ in how the weights decay.</summary>
/// <param name="decoupled">Whether weights decay separately from the gradient (AdamW) instead of as a part of it.</param>
internal sealed class AdamRule(bool decoupled) : UpdateRule
{
    private const int First = 0, Second = 1, Largest = 2;

    private static readonly StateTensor[] Layout =
    [
        new("exp_avg") { IsMomentum = true },
        new("exp_avg_sq"),
        new("max_exp_avg_sq") { IsKept = options => ((AdamOptions)options).AmsGrad == true },
    ];

    // TorchScript has no names for dtypes: 6 is float32. One step count serves the whole list.
    private static readonly TorchScript Script = new("""
        def steps_of(w: List[Tensor], step: float, left_out: Optional[Tensor]):
            count = torch.full([], step, dtype=6, device=w[0].device)
            if left_out is not None:
                count = count - left_out
            return [count] * len(w)

        def adam(w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], v_max: List[Tensor], step: float, left_out: Optional[Tensor],
                 found_inf: Optional[Tensor], lr: float, beta1: float, beta2: float, weight_decay: float, eps: float, amsgrad: bool, maximize: bool):
            torch._fused_adam_(w, g, m, v, v_max, steps_of(w, step, left_out), lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay,
                               eps=eps, amsgrad=amsgrad, maximize=maximize, grad_scale=None, found_inf=found_inf)

        def adamw(w: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], v_max: List[Tensor], step: float, left_out: Optional[Tensor],
                 found_inf: Optional[Tensor], lr: float, beta1: float, beta2: float, weight_decay: float, eps: float, amsgrad: bool, maximize: bool):
            torch._fused_adamw_(w, g, m, v, v_max, steps_of(w, step, left_out), lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay,
                               eps=eps, amsgrad=amsgrad, maximize=maximize, grad_scale=None, found_inf=found_inf)
        """);

    public override StateTensor[] Tensors => Layout;

    public override TorchTwin Twin => decoupled ? AdamWTwin.Instance : AdamTwin.Instance;

    /// <summary>No: libtorch's operators take t as a tensor.</summary>
    public override bool MustKnow(UpdateBatch batch) => false;

    public override bool UpdateMemory(UpdateBatch batch, TensorMemory memory)
    {
        switch (memory.Dtype)
        {
            case ScalarType.BFloat16: UpdateBlocks(batch, memory); break;
            case ScalarType.Float32: Update<float>(batch, memory); break;
            default: Update<double>(batch, memory); break;
        }
        return true;
    }

    private unsafe void UpdateBlocks(UpdateBatch batch, TensorMemory memory)
    {
        var options = (AdamOptions)batch.Options;
        var pass = new AdamPass<float>(options, batch.Stage, decoupled);
        var (first, second, largest) = (batch.MemoryOf(First)!, batch.MemoryOf(Second)!, options.AmsGrad!.Value ? batch.MemoryOf(Largest) : null);
        batch.ForEachBlock(memory, (w, g, block) => pass.Update(w, g, first.At<float>(0, block), second.At<float>(0, block),
            largest is null ? null : largest.At<float>(0, block), block.Count));
    }

    private unsafe void Update<T>(UpdateBatch batch, TensorMemory memory) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var options = (AdamOptions)batch.Options;
        var pass = new AdamPass<T>(options, batch.Stage, decoupled);
        var (first, second, largest) = (batch.MemoryOf(First)!, batch.MemoryOf(Second)!, options.AmsGrad!.Value ? batch.MemoryOf(Largest) : null);
        Work.ForEach(memory, piece => pass.Update(memory.At<T>(0, piece), memory.At<T>(1, piece), first.At<T>(0, piece), second.At<T>(0, piece),
            largest is null ? null : largest.At<T>(0, piece), piece.Count));
    }

    public override void UpdateByOperators(UpdateBatch batch, Tensor? foundInf)
    {
        var options = (AdamOptions)batch.Options;
        Script.Run(decoupled ? "adamw" : "adam",
        [
            batch.Weights, batch.Gradients, batch.Of(First), batch.Of(Second), options.AmsGrad!.Value ? batch.Of(Largest) : [],
            (double)batch.Stage, batch.LeftOut?.Count!, foundInf!,
            options.LearningRate!.Value, options.Beta1!.Value, options.Beta2!.Value, options.WeightDecay!.Value,
            options.Epsilon!.Value, options.AmsGrad.Value, options.Maximize!.Value,
        ]);
    }

    protected override void Update(UpdateBatch batch, int place)
    {
        var options = (AdamOptions)batch.Options;
        double rate = options.LearningRate!.Value, beta1 = options.Beta1!.Value, beta2 = options.Beta2!.Value, decay = options.WeightDecay!.Value;
        var (w, m, v) = (batch.Weights[place], batch.Of(First)[place], batch.Of(Second)[place]);
        var g = options.Maximize!.Value ? batch.Gradients[place].neg() : batch.Gradients[place];
        if (decoupled) w.MultiplyBy(1 - (rate * decay));
        else g = g.Plus(w, decay);
        m.MultiplyBy(beta1).IncreaseBy(g, 1 - beta1);
        v.MultiplyBy(beta2).IncreaseByProduct(g, g, 1 - beta2);
        if (options.AmsGrad!.Value) v = batch.Of(Largest)[place].copy_(maximum(batch.Of(Largest)[place], v));
        var root = v.sqrt().Over(Math.Sqrt(1 - Math.Pow(beta2, batch.Stage))).Plus(options.Epsilon!.Value);
        w.IncreaseByQuotient(m, root, -rate / (1 - Math.Pow(beta1, batch.Stage)));
    }
}

/// <summary>Adam and AdamW over raw memory. Every number that the elements share is computed in double, once.</summary>
internal readonly unsafe struct AdamPass<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T _sign, _penalty, _keep, _beta1, _rest1, _beta2, _rest2, _rate, _inverseRoot, _epsilon;

    /// <param name="options">A group's options.</param>
    /// <param name="step">The parameters' own step t = 1, 2, ...</param>
    /// <param name="decoupled">Whether weights decay separately from the gradient (AdamW) instead of as a part of it.</param>
    public AdamPass(AdamOptions options, long step, bool decoupled)
    {
        double rate = options.LearningRate!.Value, beta1 = options.Beta1!.Value, beta2 = options.Beta2!.Value, decay = options.WeightDecay!.Value;
        _sign = T.CreateTruncating(options.Maximize!.Value ? -1.0 : 1.0);
        (_penalty, _keep) = (T.CreateTruncating(decoupled ? 0 : decay), T.CreateTruncating(decoupled ? 1 - (rate * decay) : 1));
        (_beta1, _rest1) = (T.CreateTruncating(beta1), T.CreateTruncating(1 - beta1));
        (_beta2, _rest2) = (T.CreateTruncating(beta2), T.CreateTruncating(1 - beta2));
        _rate = T.CreateTruncating(rate / (1 - Math.Pow(beta1, step)));
        _inverseRoot = T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        _epsilon = T.CreateTruncating(options.Epsilon!.Value);
    }

    /// <summary>The step of some adjacent elements.</summary>
    /// <param name="w">Weights.</param>
    /// <param name="g">Gradients.</param>
    /// <param name="m">First moments.</param>
    /// <param name="v">Second moments.</param>
    /// <param name="largest">The largest second moments, or null without AMSGrad.</param>
    /// <param name="count">How many elements.</param>
    public void Update(T* w, T* g, T* m, T* v, T* largest, int count)
    {
        Vector256<T> sign = Vector256.Create(_sign), penalty = Vector256.Create(_penalty), keep = Vector256.Create(_keep);
        Vector256<T> beta1 = Vector256.Create(_beta1), rest1 = Vector256.Create(_rest1), rate = Vector256.Create(_rate);
        Vector256<T> beta2 = Vector256.Create(_beta2), rest2 = Vector256.Create(_rest2);
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
