#!/usr/bin/env python3
"""Rows a second of a BERT encoder of all-MiniLM-L6-v2's shape on PyTorch, in the table of `samples/FineTuneEncoder -- speed`.

Optional: it needs a Python with PyTorch 2.4 or later (Debian 13: apt-get install python3-torch). The model is written here as transformers' BertModel
computes: fused attention, dropout 0.1 in training, embeddings frozen, mean pooling and a classifier of two labels on top. The base is AdamW(fused=True); SAM
goes by torch._foreach_* over all weights, with a buffer that stays. Weights are random, which does not matter to the time.

Each line is measured in a process of its own, whose BLAS is told the number of threads, too: Debian's OpenBLAS has threads of its own, as many as there
are processors, whatever torch.set_num_threads says. In float32 OpenMP's threads wait asleep (OMP_WAIT_POLICY=passive), unless the environment says
otherwise: awake they take the processors from OpenBLAS's, which makes two threads ten times as slow.

    python3 benchmarks/pytorch/encoder_speed.py [--batch 16] [--lengths 16 64] [--threads 1 2] [--steps 9] [--numbers float32 mixed]
"""
import argparse
import contextlib
import itertools
import os
import statistics
import subprocess
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("This needs PyTorch, and this Python has none. Debian: apt-get install python3-torch, then /usr/bin/python3 "
             + sys.argv[0] + "; elsewhere: pip install torch.")
from torch import nn
from torch.nn import functional

VOCABULARY, POSITIONS, WIDTH, INNER, HEADS, LAYERS, DROPOUT, EPSILON = 30522, 512, 384, 1536, 12, 6, 0.1, 1e-12
WARM_UP = 2
THREADS_OF = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.dense = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.inner, self.outer = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.first, self.second = nn.LayerNorm(WIDTH, EPSILON), nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, hidden, mask):
        rows, length, _ = hidden.shape
        dropout = DROPOUT if self.training else 0.0

        def split(values):
            return values.view(rows, length, HEADS, -1).transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(
            split(self.query(hidden)), split(self.key(hidden)), split(self.value(hidden)), attn_mask=mask, dropout_p=dropout)
        joined = mixed.transpose(1, 2).reshape(rows, length, WIDTH)
        hidden = self.first(functional.dropout(self.dense(joined), dropout) + hidden)
        inner = self.outer(functional.gelu(self.inner(hidden)))
        return self.second(functional.dropout(inner, dropout) + hidden)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.places, self.kinds = (nn.Embedding(count, WIDTH) for count in (VOCABULARY, POSITIONS, 2))
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        for part in (self.words, self.places, self.kinds, self.norm):
            part.requires_grad_(False)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.head = nn.Linear(WIDTH, 2)

    def forward(self, ids, mask):
        hidden = self.norm(self.words(ids) + self.places.weight[:ids.shape[1]] + self.kinds.weight[0])
        seen = mask.bool()[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, seen)
        return hidden

    def loss(self, ids, mask, labels):
        hidden, weights = self(ids, mask).float(), mask[:, :, None].float()
        return functional.cross_entropy(self.head((hidden * weights).sum(1) / weights.sum(1)), labels)


class Sam:
    """w + rho g / ||g||, the gradient there, back, and a step of the base optimizer with it."""

    def __init__(self, parameters, base, rho=0.05):
        self.parameters, self.base, self.rho = parameters, base, rho
        self.kept = [torch.empty_like(parameter) for parameter in parameters]

    def step(self, whole, part):
        part()
        with torch.no_grad():
            gradients = [parameter.grad for parameter in self.parameters]
            norm = torch.stack(torch._foreach_norm(gradients)).norm()
            torch._foreach_copy_(self.kept, self.parameters)
            torch._foreach_add_(self.parameters, gradients, alpha=(self.rho / (norm + 1e-12)).item())
        self.base.zero_grad()
        whole()
        with torch.no_grad():
            torch._foreach_copy_(self.parameters, self.kept)
        self.base.step()
        self.base.zero_grad()


def rate(step, batch, steps):
    seconds = []
    for index in range(WARM_UP + steps):
        start = time.perf_counter()
        step()
        if index >= WARM_UP:
            seconds.append(time.perf_counter() - start)
    return batch / statistics.median(seconds)


def measure(batch, length, mixed, steps):
    model = Encoder()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    ids = torch.randint(1000, 29000, (batch, length))
    mask, labels = torch.ones_like(ids), torch.zeros(batch, dtype=torch.int64)

    def precision():
        return torch.autocast("cpu", torch.bfloat16) if mixed else contextlib.nullcontext()

    def forward():
        with torch.no_grad(), precision():
            model(ids, mask)

    def backward(rows):
        with precision():
            loss = model.loss(ids[:rows], mask[:rows], labels[:rows])
        loss.backward()

    base = torch.optim.AdamW(parameters, 1e-5, fused=True)
    sam = Sam(parameters, base)

    def plain():
        backward(batch)
        base.step()
        base.zero_grad()

    model.eval()
    yield rate(forward, batch, steps)
    model.train()
    yield rate(plain, batch, steps)
    for part in (1, 4):
        yield rate(lambda: sam.step(lambda: backward(batch), lambda: backward(batch // part)), batch, steps)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--batch", type=int, default=16)
    arguments.add_argument("--lengths", type=int, nargs="+", default=[16, 64])
    arguments.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--steps", type=int, default=9)
    arguments.add_argument("--numbers", choices=["float32", "mixed"], nargs="+", default=["float32", "mixed"])
    arguments.add_argument("--line", action="store_true", help="measure the one line that is asked for in this process")
    given = arguments.parse_args()
    if given.line:
        show(given.threads[0], given.lengths[0], given.numbers[0], given)
        return
    print(f"PyTorch {torch.__version__}, rows a second, median of {given.steps} steps of {given.batch} rows")
    print("threads  ids  numbers   forward  plain step  SAM step  SAM, 1/4 ascent", flush=True)
    for threads, length, numbers in itertools.product(given.threads, given.lengths, given.numbers):
        policy = {"OMP_WAIT_POLICY": "passive"} if numbers == "float32" else {}
        line = ["--line", "--threads", str(threads), "--lengths", str(length), "--numbers", numbers]
        subprocess.run([sys.executable, __file__, "--batch", str(given.batch), "--steps", str(given.steps), *line], check=True,
                       env=policy | os.environ | dict.fromkeys(THREADS_OF, str(threads)))


def show(threads, length, numbers, given):
    torch.set_num_threads(threads)
    rates = measure(given.batch, length, numbers == "mixed", given.steps)
    print(f"{threads:7} {length:4}  {numbers:8}" + "".join(f"{value:{width}.0f}" for value, width in zip(rates, (9, 12, 10, 17))), flush=True)


if __name__ == "__main__":
    main()
