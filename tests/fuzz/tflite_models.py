"""Small networks as TensorFlow Lite files. Normalizations are folded into convolutions, and no dropout is left."""

from __future__ import annotations

from math import prod

from fuzz.choices import Choices
from fuzz.models import INPUT, Name, Net
from interchange.flatbuffers import Model

SAME, VALID = ("b", 0), ("b", 1)
OPERATORS = {"relu": "RELU", "sigmoid": "LOGISTIC", "tanh": "TANH", "elu": "ELU", "add": "ADD", "softmax": "SOFTMAX"}


def last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a tensor, with its batch and its channels last."""
    return (1, *shape[1:], shape[0])


def write_tflite(net: Net, name: Name, choices: Choices) -> bytes:
    model = Model(last(net.input))
    code = choices.pick("bf")
    tensors = {INPUT: 0}
    for at, layer in enumerate(net.layers):
        reads = [tensors[one] for one in layer.inputs]
        own, shape, shapes = name(at), net.shape(layer.inputs[0]), (last(layer.shape),)
        if layer.kind in ("conv", "norm_conv"):
            weights = (layer.filters, layer.kernel, layer.kernel, shape[0] // layer.groups)
            reads += [model.tensor(f"{own}/w", weights, (), code), model.tensor(f"{own}/b", (layer.filters,), (), "i")]
            padding, stride = SAME if layer.is_padded else VALID, ("i", layer.stride)
            tensors[at] = model.add("CONV_2D", reads, own, shapes, o0=padding, o1=stride, o2=stride)
        elif layer.kind == "dense":
            if len(shape) > 1:
                size = prod(shape)
                reads = [model.add("RESHAPE", [*reads, model.numbers(1, size)], f"{own}/flatten", ((1, size),))]
            reads += [model.tensor(f"{own}/w", (layer.filters, prod(shape)), (), code)]
            reads += [model.tensor(f"{own}/b", (layer.filters,), (), "i")]
            tensors[at] = model.add("FULLY_CONNECTED", reads, own, shapes)
        elif layer.kind == "pool":
            window = {f"o{place}": ("i", 2) for place in (1, 2, 3, 4)}
            tensors[at] = model.add("MAX_POOL_2D", reads, own, shapes, o0=VALID, **window)
        elif layer.kind == "global_pool":
            tensors[at] = model.add("MEAN", [*reads, model.numbers(1, 2)], own, shapes, o0=("B", 1))
        elif layer.kind == "upsample":
            tensors[at] = model.add("RESIZE_NEAREST_NEIGHBOR", [*reads, model.numbers(*layer.shape[1:])], own, shapes)
        elif layer.kind == "concat":
            tensors[at] = model.add("CONCATENATION", reads, own, shapes, o0=("i", 3))
        elif layer.kind == "dropout":
            tensors[at] = reads[0]
        else:
            options = {"o0": ("f", 1.0)} if layer.kind == "softmax" else {}
            tensors[at] = model.add(OPERATORS[layer.function or layer.kind], reads, own, shapes, **options)
    read = {one for layer in net.layers for one in layer.inputs}
    model.outputs = list(dict.fromkeys(tensors[at] for at in range(len(net.layers)) if at not in read))
    return model.file()
