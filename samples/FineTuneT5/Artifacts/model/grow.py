#!/usr/bin/env python3
"""Enlarges a T5 with shape.json's shape. The result computes nearly the same, so training can continue with more weights.

    grow.py MODEL OUTPUT wider|deeper|same

wider: 896 units in each feed-forward layer instead of 512. The first 384 appear twice at half weight; their inputs differ by a tenth, so
       that they can diverge.
deeper: encoder layer 2 and decoder layer 1 appear twice in sequence, each with half its contribution.
"""
import array
import json
import os
import random
import shutil
import struct
import sys

INNER, WIDER = 512, 896
LAYERS = {"encoder": [(0, 1), (1, 1), (2, .5), (2, .5), (3, 1)], "decoder": [(0, 1), (1, .5), (1, .5)]}  # the source of each layer, and its scale


def read(path):
    """The tensors of a bfloat16 safetensors file: name to (shape, values)."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            upper = array.array("H", data[begin:end])  # bfloat16 is the upper half of float32
            tensors[name] = entry["shape"], array.array("f", array.array("I", [half << 16 for half in upper]).tobytes())
    return tensors


def write(path, tensors):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, (shape, values) in tensors.items():
        end = offset + len(values) * values.itemsize
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, values in tensors.values():
            file.write(values.tobytes())


def scaled(tensor, scale):
    return tensor[0], array.array("f", [scale * value for value in tensor[1]])


def wider(tensors):
    random.seed(7)
    more = WIDER - INNER
    for name, (shape, values) in tensors.items():
        if ".wi_" in name:
            width = shape[1]
            copies = [value * (1 + random.gauss(0, .1)) for value in values[:more * width]]
            yield name, ([WIDER, width], values + array.array("f", copies))
        elif name.endswith(".wo.weight"):
            rows = array.array("f")
            for row in range(shape[0]):
                units = values[row * INNER:(row + 1) * INNER]
                half = array.array("f", [.5 * value for value in units[:more]])
                rows += half + units[more:] + half
            yield name, ([shape[0], WIDER], rows)
        else:
            yield name, (shape, values)


def deeper(tensors):
    for name, tensor in tensors.items():
        if ".block." not in name:
            yield name, tensor
            continue
        side, _, index, rest = name.split(".", 3)
        for layer, (source, scale) in enumerate(LAYERS[side]):
            if source == int(index):
                adds = name.endswith((".o.weight", ".wo.weight"))
                yield f"{side}.block.{layer}.{rest}", scaled(tensor, scale) if adds else tensor


def main(model, output, kind):
    grow, shape = {
        "wider": (wider, {"d_ff": WIDER}),
        "deeper": (deeper, {"num_layers": len(LAYERS["encoder"]), "num_decoder_layers": len(LAYERS["decoder"])}),
        "same": (dict.items, {}),
    }[kind]
    with open(f"{model}/config.json") as file:
        config = json.load(file) | shape
    os.makedirs(output, exist_ok=True)
    with open(f"{output}/config.json", "w") as file:
        json.dump(config, file, indent=2)
    write(f"{output}/model.safetensors", dict(grow(read(f"{model}/model.safetensors"))))
    shutil.copy(f"{model}/spiece.model", output)


main(*sys.argv[1:])
