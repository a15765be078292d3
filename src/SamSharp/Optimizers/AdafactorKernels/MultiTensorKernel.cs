using SamSharp.Kernels;
using static TorchSharp.torch;

namespace SamSharp.Optimizers.AdafactorKernels;

/// <summary>One TorchScript call for the factored tensors of a batch and one for the others: the loop over tensors runs inside libtorch,
/// on any device, and every number that depends on a tensor stays a tensor there.</summary>
internal sealed class MultiTensorKernel : IAdafactorKernel
{
    private static readonly TorchScript Script = new("""
        def norm(x: Tensor):
            # By rows first: on the CPU one sum over millions of float32 squares is good to four digits only.
            return torch.linalg_vector_norm(torch.linalg_vector_norm(x, 2.0, [-1]))

        def apply(w: Tensor, d: Tensor, m: List[Tensor], rms: List[Tensor], i: int,
                  rate: float, eps2: float, clip: float, beta1: float, weight_decay: float):
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

        def factored(w: List[Tensor], g: List[Tensor], rows: List[Tensor], columns: List[Tensor], m: List[Tensor], rms: List[Tensor],
                     decay: float, eps1: float, rate: float, eps2: float, clip: float, beta1: float, weight_decay: float):
            for i in range(len(w)):
                gradient = g[i].to(rows[i].dtype)
                d = gradient * gradient
                row = rows[i].mul_(decay).add_(d.mean([-1]).add_(eps1), alpha=1.0 - decay)
                column = columns[i].mul_(decay).add_(d.mean([-2]).add_(eps1), alpha=1.0 - decay)
                d.copy_(gradient).mul_(column.rsqrt().unsqueeze_(-2))
                d.mul_((row / row.mean([-1], keepdim=True)).rsqrt_().unsqueeze_(-1))
                apply(w[i], d, m, rms, i, rate, eps2, clip, beta1, weight_decay)

        def unfactored(w: List[Tensor], g: List[Tensor], squares: List[Tensor], m: List[Tensor], rms: List[Tensor],
                       decay: float, eps1: float, rate: float, eps2: float, clip: float, beta1: float, weight_decay: float):
            for i in range(len(w)):
                gradient = g[i].to(squares[i].dtype)
                square = squares[i].mul_(decay).add_((gradient * gradient).add_(eps1), alpha=1.0 - decay)
                apply(w[i], square.rsqrt().mul_(gradient), m, rms, i, rate, eps2, clip, beta1, weight_decay)
        """);

    public static MultiTensorKernel Instance { get; } = new();

    public void Update(AdafactorBatch batch)
    {
        Invoke("factored", batch, slot => slot.State.ExpAvgSq is null, state => state.ExpAvgSqRow!, state => state.ExpAvgSqCol!);
        Invoke("unfactored", batch, slot => slot.State.ExpAvgSq is not null, state => state.ExpAvgSq!);
    }

    private static void Invoke(string function, AdafactorBatch batch, Func<AdafactorSlot, bool> belongs, params Func<Adafactor.State, Tensor>[] secondMoments)
    {
        var slots = batch.Slots.Where(belongs).ToArray();
        if (slots.Length == 0) return;

        Script.Run(function,
        [
            slots.Select(slot => (Tensor)slot.Weight).ToArray(),
            slots.Select(slot => slot.Gradient).ToArray(),
            .. secondMoments.Select(moment => slots.Select(slot => moment(slot.State)).ToArray()),
            batch.Beta1 > 0 ? slots.Select(slot => slot.State.ExpAvg!).ToArray() : [],
            batch.ScalesParameters ? slots.Select(slot => slot.State.Rms!).ToArray() : [],
            batch.Decay, batch.Epsilon1, batch.Rate, batch.Epsilon2, batch.ClipThreshold, batch.Beta1, batch.WeightDecay,
        ]);
    }
}
