#!/usr/bin/env python3
"""Times SAM's update and AdamW on PyTorch, over the same parameters as the verbs of SamSharp.Benchmarks.

Optional: it needs a Python with PyTorch (Debian: apt-get install python3-torch). SAM is written here from the formulas of Foret et al. 2021, once in the
manner of the usual Python implementations, an operation for each tensor and the weights cloned before they move, and once as fast as PyTorch's own operators
allow: torch._foreach_* over all tensors, buffers that stay, and AdamW(fused=True), which takes PyTorch 2.4 on the CPU.

    python3 benchmarks/pytorch/t5_update.py [--rounds 9] [--threads 2] [--small]
"""
import argparse
import statistics
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("This needs PyTorch, and this Python has none. Debian: apt-get install python3-torch, then /usr/bin/python3 "
             + sys.argv[0] + "; elsewhere: pip install torch.")

VOCABULARY, WIDTH, INNER, HEADS, BLOCKS, BUCKETS = 32128, 512, 2048, 8, 6, 32


def t5_small_shapes():
    """The 131 parameters of T5-small, tied embeddings."""
    attention = [(WIDTH, WIDTH)] * 4
    feed_forward = [(INNER, WIDTH), (WIDTH, INNER), (WIDTH,)]
    yield (VOCABULARY, WIDTH)
    for attentions in (1, 2):
        for block in range(BLOCKS):
            for index in range(attentions):
                yield from attention
                if block == 0 and index == 0:
                    yield (BUCKETS, HEADS)
                yield (WIDTH,)
            yield from feed_forward
        yield (WIDTH,)


class Sam:
    """w + rho g / ||g||, the gradient there, back, and a step of the base optimizer with it."""

    def __init__(self, parameters, base, rho=0.05):
        self.parameters, self.base, self.rho, self.saved = parameters, base, rho, {}

    @torch.no_grad()
    def ascend(self):
        norm = torch.stack([parameter.grad.norm() for parameter in self.parameters]).norm()
        scale = self.rho / (norm + 1e-12)
        for parameter in self.parameters:
            self.saved[parameter] = parameter.clone()
            parameter.add_(parameter.grad * scale)

    @torch.no_grad()
    def restore(self):
        for parameter in self.parameters:
            parameter.copy_(self.saved[parameter])

    def descend(self):
        self.restore()
        self.base.step()


class ForeachSam(Sam):
    """The same in a few calls for all tensors, which keeps the weights' copies for the next step."""

    def __init__(self, parameters, base, rho=0.05):
        super().__init__(parameters, base, rho)
        self.copies = [torch.empty_like(parameter) for parameter in parameters]

    @torch.no_grad()
    def ascend(self):
        gradients = [parameter.grad for parameter in self.parameters]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        scale = self.rho / (norm + 1e-12)
        torch._foreach_copy_(self.copies, self.parameters)
        torch._foreach_add_(self.parameters, gradients, alpha=scale.item())

    @torch.no_grad()
    def restore(self):
        torch._foreach_copy_(self.parameters, self.copies)


def fused_adamw(parameters):
    """PyTorch's fused AdamW; None where it has none for the CPU."""
    try:
        optimizer = torch.optim.AdamW(parameters, lr=1e-6, fused=True)
        optimizer.step()
        return optimizer
    except (RuntimeError, TypeError) as error:
        print(f"no AdamW(fused=True): {error}", file=sys.stderr)
        return None


def main():
    options = argparse.ArgumentParser(description="SAM's update and AdamW on PyTorch, over the parameters of T5-small.")
    options.add_argument("--rounds", type=int, default=9, help="timed rounds, after one that warms up (default 9)")
    options.add_argument("--threads", type=int, default=2, help="threads of PyTorch (default 2)")
    options.add_argument("--small", action="store_true", help="10,000 parameters of 8 in place of T5-small's")
    options = options.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)

    shapes = [(8,)] * 10_000 if options.small else list(t5_small_shapes())
    parameters = [torch.nn.Parameter(torch.randn(shape) * 0.05) for shape in shapes]
    gradients = [torch.randn(shape) * 0.01 for shape in shapes]
    elements = sum(parameter.numel() for parameter in parameters)

    plain = torch.optim.AdamW(parameters, lr=1e-6)
    sam = Sam(parameters, torch.optim.AdamW(parameters, lr=1e-6))
    block = torch.ones(11 * elements // 2)
    target = torch.ones_like(block)

    def there_and_back():
        sam.ascend()
        sam.restore()

    def update():
        sam.ascend()
        sam.descend()

    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient
    fused = fused_adamw(parameters)
    foreach = ForeachSam(parameters, fused) if fused else None

    def fast_update():
        foreach.ascend()
        foreach.descend()

    contenders = {
        "copy, 44 bytes an element": lambda: target.copy_(block),
        "AdamW.step()": plain.step,
        "ascent + restore": there_and_back,
        "SAM, AdamW": update,
    }
    if foreach:
        contenders["AdamW(fused=True).step()"] = fused.step
        contenders["SAM, _foreach_* and AdamW(fused=True)"] = fast_update
    times = {name: [] for name in contenders}
    for round_ in range(options.rounds + 1):
        for name, run in contenders.items():
            for parameter, gradient in zip(parameters, gradients):
                parameter.grad = gradient
            run()  # the second of two runs is timed
            start = time.perf_counter()
            run()
            if round_ > 0:
                times[name].append(1000 * (time.perf_counter() - start))

    print(f"PyTorch {torch.__version__}, {options.threads} threads; medians of {options.rounds} rounds, all in turn")
    print(f"{'Tiny' if options.small else 'T5Small'}: {len(parameters):,} parameters, {elements:,} elements")
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"  {name:<40} {median:8.1f} ms")
    for name in [name for name in medians if name == "ascent + restore" or name.startswith("SAM, ")]:
        print(f"{name + ' / AdamW.step()':<78} {medians[name] / medians['AdamW.step()']:8.2f}")


if __name__ == "__main__":
    main()
