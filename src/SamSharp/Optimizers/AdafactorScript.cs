using SamSharp.Kernels;
using static TorchSharp.torch;

namespace SamSharp.Optimizers;

/// <summary>Adafactor in one TorchScript call for a batch: the loop over tensors runs inside libtorch, on any device, and every number that
/// depends on a tensor stays a tensor there.</summary>
internal static class AdafactorScript
{
    // TorchScript has no names for dtypes: 7 is float64. If steps may have been skipped, t is known only on
    // the device, and so are decay and relative rate.
    private static readonly TorchScript Script = new("""
        def number(value: float, w: Tensor):
            return torch.full([], value, dtype=7, device=w.device)

        def step_of(step: float, left_out: Tensor, w: Tensor):
            return number(step, w) - left_out

        def decay_of(decay: float, decay_rate: float, step: float, left_out: Optional[Tensor], w: Tensor):
            if left_out is None:
                return number(decay, w)
            return 1.0 - step_of(step, left_out, w).pow(decay_rate)

        def rate_of(rate: float, relative: bool, warmup: bool, step: float, left_out: Optional[Tensor], w: Tensor):
            if left_out is None or not relative:
                return number(rate, w)
            t = step_of(step, left_out, w)
            first = t * 1e-6 if warmup else number(1e-2, w)
            return torch.minimum(first, t.rsqrt())

        def norm(x: Tensor):
            # By rows first: on the CPU one sum over millions of float32 squares is good to four digits only.
            return torch.linalg_vector_norm(torch.linalg_vector_norm(x, 2.0, [-1]))

        def apply(w: Tensor, d: Tensor, m: List[Tensor], rms: List[Tensor], i: int,
                  rate: Tensor, eps2: float, clip: float, beta1: float, weight_decay: float):
            root = float(d.numel()) ** 0.5
            w32 = w.to(d.dtype)
            scale = norm(d).div_(root * clip).clamp_(min=1.0).reciprocal_().mul_(rate)
            if len(rms) > 0:
                size = rms[i].copy_(norm(w32)).div_(root).clamp(min=eps2)
                scale.mul_(size)
                if weight_decay != 0.0:
                    w32.mul_(1.0 - size * (weight_decay * rate))
            elif weight_decay != 0.0:
                w32.mul_(1.0 - weight_decay * rate)
            if len(m) > 0:
                m[i].mul_(beta1).addcmul_(d, scale, value=1.0 - beta1)
                w32.sub_(m[i])
            else:
                w32.addcmul_(d, scale, value=-1.0)
            if w.dtype != d.dtype:
                w.copy_(w32)

        def normalized(gradient: Tensor, rows: List[Tensor], columns: List[Tensor], squares: List[Tensor], i: int, decay: Tensor, eps1: float):
            rest = 1.0 - decay
            d = gradient * gradient
            if len(squares) > 0:
                square = squares[i].mul_(decay).add_(d.add_(eps1).mul_(rest))
                return square.rsqrt().mul_(gradient)
            row = rows[i].mul_(decay).add_(d.mean([-1]).add_(eps1).mul_(rest))
            column = columns[i].mul_(decay).add_(d.mean([-2]).add_(eps1).mul_(rest))
            d.copy_(gradient).mul_(column.rsqrt().unsqueeze_(-2))
            return d.mul_((row / row.mean([-1], keepdim=True)).rsqrt_().unsqueeze_(-1))

        def adafactor(w: List[Tensor], g: List[Tensor], rows: List[Tensor], columns: List[Tensor], squares: List[Tensor],
                      m: List[Tensor], rms: List[Tensor], decay: float, decay_rate: float, rate: float, relative: bool, warmup: bool,
                      step: float, left_out: Optional[Tensor], found_inf: Optional[Tensor],
                      eps1: float, eps2: float, clip: float, beta1: float, weight_decay: float):
            decays = decay_of(decay, decay_rate, step, left_out, w[0])
            rates = rate_of(rate, relative, warmup, step, left_out, w[0])
            state = rows if len(rows) > 0 else squares
            for i in range(len(w)):
                if w[i].numel() > 0:
                    changed = [w[i]]
                    for kept in [rows, columns, squares, m, rms]:
                        if len(kept) > 0:
                            changed.append(kept[i])
                    before: List[Tensor] = []
                    if found_inf is not None:
                        before = [x.clone() for x in changed]
                    d = normalized(g[i].to(state[i].dtype), rows, columns, squares, i, decays, eps1)
                    apply(w[i], d, m, rms, i, rates, eps2, clip, beta1, weight_decay)
                    if found_inf is not None:
                        for j in range(len(changed)):
                            changed[j].copy_(torch.where(found_inf != 0, before[j], changed[j]))
        """);

    /// <summary>The step of a batch, unless <paramref name="foundInf"/> is not 0; null where that is known.</summary>
    public static void Run(UpdateBatch batch, AdafactorNumbers numbers, Adafactor.Options options, Tensor? foundInf) => Script.Run("adafactor",
    [
        batch.Weights, batch.Gradients, batch.Of(AdafactorRule.Row), batch.Of(AdafactorRule.Column), batch.Of(AdafactorRule.Square),
        numbers.Beta1 > 0 ? batch.Of(AdafactorRule.First) : [], numbers.ScalesParameters ? batch.Of(AdafactorRule.Size) : [],
        numbers.Decay, options.DecayRate!.Value, numbers.Rate, options.RelativeStep!.Value, options.WarmupInit!.Value,
        (double)batch.Stage, batch.LeftOut?.Count!, foundInf!,
        numbers.Epsilon1, numbers.Epsilon2, numbers.ClipThreshold, numbers.Beta1, numbers.WeightDecay,
    ]);
}
