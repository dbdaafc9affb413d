"""Record what PyTorch keeps for the backward pass of torchvision's convolutional networks, and of single layers.

    python tests/reference/record_memory.py             # all networks
    python tests/reference/record_memory.py resnet50 vgg16
    python tests/reference/record_memory.py --layers
    python tests/reference/record_memory.py --mixed     # all networks in automatic mixed precision
    python tests/reference/record_memory.py --recomputed

Writes tests/reference/saved_for_backward.csv, or saved_by_layers.csv: the bytes of all storages that autograd saves in
one forward pass in train mode, float32, without parameters and buffers. Each storage counts once, with its full size;
the images are among them. A layer reads the sum of an image and a parameter, as what it keeps depends on whether its
input has a gradient; the sum keeps nothing. `frozen` is the same for a batch of 1 if the layer learns nothing, and
`first` if it reads the image itself; `mixed` is that of mixed precision, behind a linear layer or a convolution of
12 filters and kernel 1. Layers that work in place by default in a spec are recorded so.

saved_in_mixed_precision.csv has the networks under autocast for CUDA in float16, with tensors that are on a GPU in
name only (FakeTensorMode). There, weights that are cast count, as they are not the parameters, and so do masks in
bytes.

recomputed.csv has networks whose blocks run under torch.utils.checkpoint: for each block the bytes that have been saved
when its forward pass ends, and of its second forward pass the MACs and the bytes of new storages that it saves.

Needs torch and torchvision (2.14.1 and 0.29.1 made the files). Runs on the meta device: nothing is computed or
downloaded. The batch of a network is 2 where a batch norm of 1x1 maps refuses a single sample.
"""

from __future__ import annotations

import copy
import csv
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import torch
from record import build_without_numbers
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

FILE = Path(__file__).parent / "saved_for_backward.csv"
COLUMNS = ("network", "input", "batch", "bytes", "source")
MIXED_FILE = Path(__file__).parent / "saved_in_mixed_precision.csv"
LAYERS_FILE = Path(__file__).parent / "saved_by_layers.csv"
RECOMPUTED_FILE = Path(__file__).parent / "recomputed.csv"
# The blocks that are recomputed, each alone.
RECOMPUTED = {
    "resnet50": r"layer\d\.\d",
    "resnet18": r"layer\d\.\d",
    "densenet121": r"features\.denseblock\d",
    "mobilenet_v2": r"features\.([1-9]|1[0-7])",
}
SIGNAL, IMAGE, VECTOR = (12, 19), (12, 16, 20), (12,)
# Networks whose layers are attention and not convolutions.
TRANSFORMERS = re.compile("vit_|swin|maxvit|mvit")


def list_networks() -> list[str]:
    """The names of torchvision's convolutional networks for classification, segmentation and video."""
    from torchvision import models

    modules = (models, models.segmentation, models.video)
    return [name for module in modules for name in models.list_models(module=module) if not TRANSFORMERS.match(name)]


def measure_saved(model: nn.Module, batch: int, shape: tuple[int, ...], device: str = "meta") -> int:
    """The bytes of the storages that autograd saves in one forward pass, without parameters and buffers."""
    own = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}
    saved: dict[int, torch.UntypedStorage] = {}  # the storages stay alive, so that none gets the address of another

    def save(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            saved[storage._cdata] = storage
        return tensor

    images = torch.empty(batch, *shape, device=device)
    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        outputs = model(images)
    del outputs
    return sum(storage.nbytes() for storage in saved.values())


class Padded(nn.Module):
    """A layer behind a padding whose sides differ, which PyTorch's layers do not have."""

    def __init__(self, sides: tuple[int, ...], layer: nn.Module, value: float = 0) -> None:
        super().__init__()
        self.sides, self.layer, self.value = sides, layer, value

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layer(functional.pad(image, self.sides, value=self.value))


def conv_of_standardized(gain: bool) -> Callable[[torch.Tensor], torch.Tensor]:
    """A convolution whose weights are standardized, as in timm's StdConv2d and ScaledStdConv2d."""
    weight = nn.Parameter(torch.empty(8, 12, 3, 3))
    factor = nn.Parameter(torch.empty(8, 1, 1, 1))

    def convolve(image: torch.Tensor) -> torch.Tensor:
        scale = (factor * 0.1).view(-1) if gain else None
        flat = functional.batch_norm(weight.reshape(1, 8, -1), None, None, weight=scale, training=True)
        return functional.conv2d(image, flat.reshape_as(weight))

    convolve.parameters = [weight, factor]
    return convolve


@contextmanager
def mixed_precision() -> Iterator[None]:
    """Autocast as on a GPU, for tensors without data."""
    common = "torch.cuda.amp.common.amp_definitely_not_available"
    has_gpu = patch("torch.cuda.is_available", lambda: True), patch(common, lambda: False)
    with FakeTensorMode(allow_non_fake_inputs=True), has_gpu[0], has_gpu[1], torch.autocast("cuda", torch.float16):
        yield


def measure_mixed(model: nn.Module, batch: int, shape: tuple[int, ...]) -> int:
    """The bytes of the storages that autograd saves under autocast."""
    with mixed_precision():
        for module in model.modules():
            for key, weight in list(module.named_parameters(recurse=False)):
                module._parameters[key] = nn.Parameter(torch.empty(weight.shape, device="cuda"))
            for key, buffer in list(module.named_buffers(recurse=False)):
                module._buffers[key] = torch.empty(buffer.shape, dtype=buffer.dtype, device="cuda")
        return measure_saved(model, batch, shape, "cuda")


class Recurrent(nn.Module):
    """A recurrent network over the axis of a signal. In mixed precision it needs cuDNN, and a GPU."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.network(signal.permute(2, 0, 1))
        return outputs.permute(1, 2, 0)


def of_several_functions(image: torch.Tensor) -> torch.Tensor:
    return torch.log(functional.softplus(image)) / torch.cos(image)


def recurrent_layers() -> list[tuple[str, tuple[int, ...], Callable[..., torch.Tensor]]]:
    """The items of specs with a recurrent layer, which needs cuDNN in mixed precision, and thus a GPU."""
    found = []
    for name, network in (("lstm", nn.LSTM), ("gru", nn.GRU)):
        found += [
            (f"{name}: 6", SIGNAL, Recurrent(network(12, 6))),
            (f"{name}: {{hidden: 6, layers: 2, bias: false}}", SIGNAL, Recurrent(network(12, 6, 2, bias=False))),
            (
                f"{name}: {{hidden: 6, layers: 3, bidirectional: true}}",
                SIGNAL,
                Recurrent(network(12, 6, 3, bidirectional=True)),
            ),
        ]
    return found


def layers() -> list[tuple[str, tuple[int, ...], Callable[..., torch.Tensor]]]:
    """The items of specs, with the shape of their input and the same in PyTorch."""
    from torchvision import ops

    channel = nn.Parameter(torch.empty(12, 1, 1))
    centers = torch.empty(10, 12)
    places = torch.zeros(5, dtype=torch.long)

    def scale(image: torch.Tensor) -> torch.Tensor:
        return image * channel

    def scale_and_shift(image: torch.Tensor) -> torch.Tensor:
        return image * channel + other

    other = nn.Parameter(torch.empty(12, 1, 1))
    scale.parameters, scale_and_shift.parameters = [channel], [channel, other]
    return [
        ("conv: [8, 3]", IMAGE, nn.Conv2d(12, 8, 3)),
        ("conv: [8, 3]", SIGNAL, nn.Conv1d(12, 8, 3)),
        ("conv: {filters: 8, kernel: 4, padding: same}", IMAGE, nn.Conv2d(12, 8, 4, padding="same")),
        (
            "conv: {filters: 8, kernel: 5, stride: 2, padding: same}",
            IMAGE,
            Padded((1, 2, 1, 2), nn.Conv2d(12, 8, 5, 2)),
        ),
        ("conv: {filters: 8, kernel: 3, standardize: plain}", IMAGE, conv_of_standardized(False)),
        ("conv: {filters: 8, kernel: 3, standardize: gain}", IMAGE, conv_of_standardized(True)),
        ("depthwise_conv: 3", IMAGE, nn.Conv2d(12, 12, 3, groups=12)),
        (
            "depthwise_conv: {kernel: 3, padding: [0, 1, 1, 1]}",
            IMAGE,
            Padded((1, 1, 0, 1), nn.Conv2d(12, 12, 3, groups=12)),
        ),
        ("conv_transpose: [8, 3]", IMAGE, nn.ConvTranspose2d(12, 8, 3)),
        ("linear: 10", VECTOR, nn.Linear(12, 10)),
        ("linear: {features: 10, bias: false}", VECTOR, nn.Linear(12, 10, bias=False)),
        ("linear: {features: 10, axis: -1}", (12, 5, 7), nn.Linear(7, 10)),
        ("batch_norm", IMAGE, nn.BatchNorm2d(12)),
        ("batch_norm: {affine: false}", IMAGE, nn.BatchNorm2d(12, affine=False)),
        ("batch_norm: {track_statistics: false}", IMAGE, nn.BatchNorm2d(12, track_running_stats=False)),
        ("instance_norm", IMAGE, nn.InstanceNorm2d(12)),
        ("instance_norm: {affine: true}", IMAGE, nn.InstanceNorm2d(12, affine=True)),
        (
            "instance_norm: {affine: true, track_statistics: true}",
            IMAGE,
            nn.InstanceNorm2d(12, affine=True, track_running_stats=True),
        ),
        ("layer_norm", IMAGE, nn.LayerNorm(IMAGE)),
        ("layer_norm: {axes: -1}", IMAGE, nn.LayerNorm(20)),
        ("layer_norm: {axes: -1, affine: false}", IMAGE, nn.LayerNorm(20, elementwise_affine=False)),
        ("group_norm: 4", IMAGE, nn.GroupNorm(4, 12)),
        ("rms_norm: {axes: -1}", IMAGE, nn.RMSNorm(20)),
        ("rms_norm: {axes: -1, affine: false}", IMAGE, nn.RMSNorm(20, elementwise_affine=False)),
        ("lrn", IMAGE, nn.LocalResponseNorm(5)),
        ("lrn: {size: 4}", IMAGE, nn.LocalResponseNorm(4)),
        ("scale", IMAGE, scale),
        ("scale: {bias: true}", IMAGE, scale_and_shift),
        ("relu", IMAGE, nn.ReLU(inplace=True)),
        ("relu6", IMAGE, nn.ReLU6(inplace=True)),
        ("sigmoid", IMAGE, nn.Sigmoid()),
        ("tanh", IMAGE, nn.Tanh()),
        ("leaky_relu", IMAGE, nn.LeakyReLU(inplace=True)),
        ("prelu: {per_channel: true}", IMAGE, nn.PReLU(12)),
        ("elu", IMAGE, nn.ELU(inplace=True)),
        ("selu", IMAGE, nn.SELU(inplace=True)),
        ("gelu", IMAGE, nn.GELU()),
        ("gelu: {approximate: tanh}", IMAGE, nn.GELU("tanh")),
        ("silu", IMAGE, nn.SiLU()),
        ("mish", IMAGE, nn.Mish()),
        ("hard_sigmoid", IMAGE, nn.Hardsigmoid()),
        ("hard_swish", IMAGE, nn.Hardswish()),
        ("softplus", IMAGE, nn.Softplus()),
        ("absolute", IMAGE, torch.abs),
        ("softmax", IMAGE, nn.Softmax(1)),
        ("log_softmax", IMAGE, nn.LogSoftmax(1)),
        ("threshold", IMAGE, lambda image: (image >= 0).float()),
        ("maxout: 3", IMAGE, lambda image: image.unflatten(1, (4, 3)).max(2)[0]),
        ("dropout: 0.5", IMAGE, nn.Dropout(0.5, inplace=True)),
        ("dropout: 0", IMAGE, nn.Dropout(0.0)),
        ("dropout: 1", IMAGE, nn.Dropout(1.0)),
        ("drop_path: 0.1", IMAGE, ops.StochasticDepth(0.1, "row")),
        ("drop_path: 0", IMAGE, ops.StochasticDepth(0.0, "row")),
        ("max_pool: 2", IMAGE, nn.MaxPool2d(2)),
        ("max_pool: {kernel: 3, stride: 2, padding: 1}", SIGNAL, nn.MaxPool1d(3, 2, 1)),
        (
            "max_pool: {kernel: 3, stride: 2, padding: same}",
            IMAGE,
            Padded((0, 1, 0, 1), nn.MaxPool2d(3, 2), value=float("-inf")),
        ),
        ("avg_pool: {kernel: 3, stride: 2, padding: same}", IMAGE, Padded((0, 1, 0, 1), nn.AvgPool2d(3, 2))),
        ("avg_pool: 2", IMAGE, nn.AvgPool2d(2)),
        ("avg_pool: 2", SIGNAL, nn.AvgPool1d(2)),
        ("global_avg_pool", IMAGE, nn.AdaptiveAvgPool2d(1)),
        ("global_max_pool", IMAGE, nn.AdaptiveMaxPool2d(1)),
        ("adaptive_avg_pool: 7", IMAGE, nn.AdaptiveAvgPool2d(7)),
        ("adaptive_avg_pool: [16, 20]", IMAGE, nn.AdaptiveAvgPool2d((16, 20))),
        ("adaptive_avg_pool: 1", IMAGE, nn.AdaptiveAvgPool2d(1)),
        ("adaptive_max_pool: 7", IMAGE, nn.AdaptiveMaxPool2d(7)),
        ("reduce: {op: mean, axes: [1, 2]}", IMAGE, lambda image: image.mean((2, 3))),
        ("reduce: {op: sum, axes: 1}", IMAGE, lambda image: image.sum(2)),
        ("reduce: {op: max, axes: 0}", IMAGE, lambda image: image.amax(1)),
        ("reduce: {op: norm, axes: [1, 2]}", IMAGE, lambda image: image.norm(p=2, dim=(2, 3))),
        ("rbf: 10", VECTOR, lambda vector: (vector[:, None] - centers).square().sum(-1)),
        ("upsample: 2", IMAGE, nn.Upsample(scale_factor=2)),
        ("upsample: {factor: 2, mode: bilinear}", IMAGE, nn.Upsample(scale_factor=2, mode="bilinear")),
        ("pixel_shuffle: 2", IMAGE, nn.PixelShuffle(2)),
        ("pixel_unshuffle: 2", IMAGE, nn.PixelUnshuffle(2)),
        ("channel_shuffle: 3", IMAGE, nn.ChannelShuffle(3)),
        ("pad: 1", IMAGE, nn.ZeroPad2d(1)),
        ("pad: {padding: 1, mode: reflect}", IMAGE, nn.ReflectionPad2d(1)),
        ("pad: {padding: 1, mode: replicate}", IMAGE, nn.ReplicationPad2d(1)),
        ("pad: {padding: 1, mode: circular}", IMAGE, nn.CircularPad2d(1)),
        ("roll: 1", SIGNAL, lambda signal: signal.roll(1, 2)),
        ("unfold: 3", IMAGE, nn.Unfold(3)),
        ("slice: 5", IMAGE, lambda image: image[:, :5]),
        ("gather: 5", SIGNAL, lambda signal: signal.index_select(2, places)),
        ("flatten", IMAGE, nn.Flatten()),
        ('apply: "0.125 * x"', IMAGE, lambda image: 0.125 * image),
        ('apply: "x * x"', IMAGE, lambda image: image * image),
        ('apply: "x * sigmoid(1.702 * x)"', IMAGE, lambda image: image * torch.sigmoid(1.702 * image)),
        ('apply: "x / (1 + exp(-x))"', IMAGE, lambda image: image / (1 + torch.exp(-image))),
        ('apply: "1 / sqrt(x ** 2 + 1)"', IMAGE, lambda image: 1 / torch.sqrt(image**2 + 1)),
        ('apply: "tanh(x) - 2 * abs(x) + 3"', IMAGE, lambda image: torch.tanh(image) - 2 * torch.abs(image) + 3),
        ('apply: "ln(softplus(x)) / cos(x)"', IMAGE, of_several_functions),
        ('apply: "exp(min(x, ln(100)))"', IMAGE, lambda image: torch.exp(torch.clamp(image, max=4.6))),
        ('apply: "max(min(x, 1), -1)"', IMAGE, lambda image: image.clamp_max(1).clamp_min(-1)),
        ('apply: "max(x, x * x)"', IMAGE, lambda image: torch.maximum(image, image * image)),
    ]


def measure_layer(
    shape: tuple[int, ...],
    layer: Callable[..., torch.Tensor],
    batch: int = 1,
    *,
    frozen: bool = False,
    first: bool = False,
    device: str = "meta",
) -> int:
    """The bytes of what a layer keeps; its input has a gradient unless it is the first layer."""
    added = nn.Parameter(torch.empty(shape))
    own = getattr(layer, "parameters", ())
    model = nn.Module()
    model.added = added
    if isinstance(layer, nn.Module):
        model.layer, own = layer, list(layer.parameters())
    for number, parameter in enumerate(own):
        parameter.requires_grad_(not frozen)
        model.register_parameter(f"own{number}", parameter)
    model.forward = lambda images: layer(images if first else images + added)
    if device == "cuda":
        # Its input is in float16, as it comes from a layer that autocast computes so.
        before = (nn.Linear(12, 12), nn.Conv1d(12, 12, 1), nn.Conv2d(12, 12, 1))[len(shape) - 1]
        model.before = before
        model.forward = lambda images: layer(before(images))
    return measure_saved(model.train(), batch, shape, device)


def record_layers() -> None:
    with torch.device("meta"):
        rows = [
            {
                "item": item,
                "input": "x".join(map(str, shape)),
                "batch_1": measure_layer(shape, layer),
                "batch_2": measure_layer(shape, layer, 2),
                "frozen": measure_layer(shape, layer, frozen=True),
                "first": measure_layer(shape, layer, first=True),
            }
            for item, shape, layer in layers() + recurrent_layers()
        ]
    zeros = patch("torch.tensor", lambda _, **options: torch.zeros((), **options))  # a tensor with data needs a GPU
    with mixed_precision(), torch.device("cuda"), zeros:
        for row, (_, shape, layer) in zip(rows, layers(), strict=False):
            row["mixed"] = measure_layer(shape, layer, device="cuda")
    with LAYERS_FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, tuple(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Recomputed(nn.Module):
    """A block under torch.utils.checkpoint, which notes what is saved by then, and its MACs."""

    def __init__(self, name: str, block: nn.Module, saved: dict[int, torch.UntypedStorage], rows: list) -> None:
        super().__init__()
        self.name, self.block, self.saved, self.rows = name, block, saved, rows

    def forward(self, *inputs: object) -> torch.Tensor:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            copy.deepcopy(self.block)(*inputs)
        output = checkpoint(self.block, *inputs, use_reentrant=False)
        kept = sum(storage.nbytes() for storage in self.saved.values())
        self.rows.append({"block": self.name, "kept": kept, "macs": counter.get_total_flops() // 2})
        return output


def measure_recomputed(name: str, pattern: str) -> list[dict[str, object]]:
    """The rows of a network whose blocks of a pattern are recomputed."""
    model, shape = build_without_numbers("torchvision", name, 0)
    model.train()
    own = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}
    saved: dict[int, torch.UntypedStorage] = {}
    again: list[dict[int, torch.UntypedStorage]] = []
    rows: list[dict[str, object]] = []
    for path, block in list(model.named_modules()):
        if re.fullmatch(pattern, path):
            above, _, last = path.rpartition(".")
            setattr(model.get_submodule(above), last, Recomputed(path, block, saved, rows))

    def note(tensor: torch.Tensor, found: dict[int, torch.UntypedStorage]) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            found[storage._cdata] = storage

    def save(tensor: torch.Tensor) -> torch.Tensor:
        note(tensor, saved)
        return tensor

    class Noted(torch.utils.checkpoint._recomputation_hook):
        """The hooks of the second forward pass, which also note what it saves."""

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            pack, found = self.pack_hook, {}
            again.append(found)

            def noted(tensor: torch.Tensor) -> object:
                note(tensor, found)
                return pack(tensor)

            self.pack_hook = noted

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        output = model(torch.empty(1, *shape, device="meta"))
    with patch("torch.utils.checkpoint._recomputation_hook", Noted):
        output.sum().backward()
    for row, found in zip(rows, reversed(again), strict=True):
        row["recomputed"] = sum(storage.nbytes() for key, storage in found.items() if key not in saved)
    return [{"network": name, **row} for row in rows]


def record_recomputed() -> None:
    rows = []
    for name, pattern in RECOMPUTED.items():
        rows += measure_recomputed(name, pattern)
    with RECOMPUTED_FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("network", "block", "kept", "recomputed", "macs"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def measure(name: str, measure_network: Callable[..., int] = measure_saved) -> dict[str, object]:
    """The row of a network, for the images that its weights were trained on."""
    import torchvision

    source = f"torchvision {torchvision.__version__.partition('+')[0]}, torch {torch.__version__.partition('+')[0]}"
    for batch in (1, 2):
        model, shape = build_without_numbers("torchvision", name, 0)
        try:
            size = measure_network(model.train(), batch, shape)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            continue
        return {
            "network": name,
            "input": "x".join(map(str, shape)),
            "batch": batch,
            "bytes": size,
            "source": source,
        }
    raise SystemExit(f"{name}: a batch norm refuses a batch of 2")


def main() -> None:
    alone = {"--layers": record_layers, "--recomputed": record_recomputed}
    if len(sys.argv) == 2 and sys.argv[1] in alone:
        alone[sys.argv[1]]()
        return
    mixed = sys.argv[1:2] == ["--mixed"]
    names = sys.argv[2:] if mixed else sys.argv[1:]
    rows = []
    for name in names or list_networks():
        rows.append(measure(name, measure_mixed if mixed else measure_saved))
        print("{network}: {bytes:,} bytes for a batch of {batch}, {input}".format(**rows[-1]), flush=True)
    if names:
        return
    with (MIXED_FILE if mixed else FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
