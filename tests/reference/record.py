"""Record what a framework's network measures, layer by layer, for the tests to compare with.

    python tests/reference/record.py torchvision resnet50 [inception_v3 ...]
    python tests/reference/record.py timm inception_v4 repvgg_a0-deployed
    python tests/reference/record.py torchvision regnet_y_128gf@224
    python tests/reference/record.py papers unet
    python tests/reference/record.py keras ResNet50V2

Writes tests/reference/<framework>/<network>.csv (<network>@<size>.csv where an image size is given):
the modules that hold weights and the pools, be they modules or functions, in the order they run on
one image, with shapes without the batch. `reads` are the rows, counted from 1, whose outputs a row
gets with no other row between, be they added, stacked, cut or resized on the way, and `input` for the
network's input. Needs the framework (torch 2.14.1 with torchvision 0.29.1,
timm 1.0.31 and Keras 3.15.1 are what the files here were made with); nothing is run or downloaded but the
architecture. MACs are multiply-accumulates of convolutions, linear layers and products of tensors.
`papers` are the networks of definitions.py.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

import torch
from torch import nn
from torch.utils._pytree import tree_leaves
from torchvision.ops import FrozenBatchNorm2d

HERE = Path(__file__).parent
WINDOW = ("kernel", "stride", "padding", "dilation", "groups")
COLUMNS = ("name", "type", "reads", "output", "params", "buffers", "macs", *WINDOW)
INPUT = 0  # among the rows, which count from 1: the network's input
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool2d, nn.MaxPool3d, nn.AvgPool3d)
PRODUCTS = ("matmul", "__matmul__", "bmm", "einsum")
CREATE = ("new_zeros",)  # functions that read no more than the shape of what they are given
IMAGES = 2  # in a batch; batch norm of a single number has no variance
# Modules that add what they hold to what comes in, or put it beside it.
ADDED = (
    "RelPosBias",
    "VisionTransformer",
    "Encoder",
    "ShiftedWindowAttention",
    "ShiftedWindowAttentionV2",
    "RelativePositionalMultiHeadAttention",
)
# Modules that add several learned tensors to what comes in, with the order in which they use them: a row for each.
APART = {"PositionalEncoding": ("class_token", "temporal_pos", "spatial_pos", "class_pos")}
HEADS_IN_BATCH = ("Pool",)  # modules whose convolutions treat each head of attention as a sample
RESIDUAL = ("GlobalResponseNorm",)  # modules that add what they compute to what comes in
DEPLOYED = "-deployed"  # after a network's name: its branches of training merged into one convolution
FUNCTIONS = {"max_pool2d": "MaxPool2d", "avg_pool2d": "AvgPool2d"}  # pools that a network calls without a module


class Traced(torch.Tensor):
    """A tensor that carries the rows it comes from; functions hand on those of all that they are given."""

    rows: frozenset[int] = frozenset()
    note_product: Callable[[tuple[object, ...], torch.Tensor], None]  # what is done with a product of tensors

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        output = super().__torch_function__(function, types, arguments, options or {})
        given = (arguments, options)
        rows = frozenset() if function.__name__ in CREATE else rows_of(given)
        for tensor in tensors(output):
            tensor.rows = rows
        if function.__name__ in PRODUCTS:
            for tensor in tensors(given):
                if note_factor := getattr(tensor, "note_factor", None):
                    note_factor(tensor)
            cls.note_product(arguments, output)
            return output
        for tensor in tensors(given):
            if use := getattr(tensor, "note_use", None):
                if rows:
                    use(given, output)
                else:  # a parameter alone, in another shape: it is used where it meets a map
                    for view in tensors(output):
                        view.note_use = use
        return output


def tensors(values: object) -> Iterator[torch.Tensor]:
    return (leaf for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor))


def rows_of(values: object) -> frozenset[int]:
    return frozenset().union(*(getattr(tensor, "rows", ()) for tensor in tensors(values)))


def build(framework: str, name: str, size: int = 0) -> tuple[nn.Module, tuple[int, ...]]:
    """A network with its auxiliary heads, and the input it was published for."""
    if framework == "papers":
        from definitions import NETWORKS

        define, shape = NETWORKS[name]
        return define(), shape
    if framework == "torchvision":
        from torchvision import models

        if name in models.list_models(models.segmentation):
            heads = {} if name.startswith("lraspp") else {"aux_loss": True}
            return models.get_model(name, weights=None, weights_backbone=None, **heads), (3, 520, 520)
        if name in models.list_models(models.detection):
            detector = build_published(name)
            return Dense(detector), (3, detector.transform.min_size[0], detector.transform.min_size[0])
        if name in models.list_models(models.video):
            return models.get_model(name, weights=None), (3, 16, *crop_of(name))
        options: dict[str, object] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        crop = crop_of(name)[0]
        # The weights that torchvision's figures are published for are the first ones.
        first = next(iter(models.get_model_weights(name)))
        crop = size or (first.transforms().crop_size[0] if first.transforms() else crop)
        if name.startswith("vit"):
            options["image_size"] = crop
        return models.get_model(name, weights=None, **options), (3, crop, crop)
    import timm

    timm.layers.set_fused_attn(False)  # with its two products as separate functions
    model = timm.create_model(name.removesuffix(DEPLOYED), pretrained=False)
    if name.endswith(DEPLOYED):
        model = timm.utils.reparameterize_model(model)
    return model, tuple(model.default_cfg["input_size"])


def build_published(name: str) -> nn.Module:
    """A detector of torchvision as its weights are published, most with frozen batch norms; nothing is downloaded."""
    from torchvision import models

    weights = next(iter(models.get_model_weights(name)))
    without_numbers = patch.object(type(weights), "get_state_dict", lambda *_, **__: {})
    with without_numbers, patch.object(nn.Module, "load_state_dict"):
        return models.get_model(name, weights=weights)


class Dense(nn.Module):
    """What a detector computes from an image of its size: maps and scores, without what makes boxes of them.

    The second stage of a detector works on as many regions as the first may propose.
    """

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.backbone = detector.backbone
        if hasattr(detector, "head"):
            self.head = detector.head
            return
        self.rpn_head = detector.rpn.head
        self.stages = nn.ModuleList()
        heads = detector.roi_heads
        for kind, regions in (("box", detector.rpn._post_nms_top_n["testing"]), ("mask", heads.detections_per_img)):
            if head := getattr(heads, f"{kind}_head", None):
                size = getattr(heads, f"{kind}_roi_pool").output_size
                self.stages.append(Regions(regions, size, head, getattr(heads, f"{kind}_predictor")))

    def forward(self, image: torch.Tensor) -> object:
        if hasattr(self.backbone, "scale_weight"):
            # SSD normalizes the first of its maps; here after the others have been made of it.
            maps = [self.backbone.features(image)]
            for block in self.backbone.extra:
                maps.append(block(maps[-1]))
            maps[0] = self.backbone.scale_weight.view(-1, 1, 1) * nn.functional.normalize(maps[0])
            return self.head(maps)
        maps = list(self.backbone(image).values())
        if hasattr(self, "head"):
            return self.head(maps)
        return self.rpn_head(maps), [stage(maps[:-1]) for stage in self.stages]


class Regions(nn.Module):
    """What a detector computes for each of the regions that it cuts out of its maps."""

    def __init__(self, regions: int, size: tuple[int, int], head: nn.Module, predictor: nn.Module) -> None:
        super().__init__()
        self.shape = (regions, *size)
        self.head, self.predictor = head, predictor
        for module in self.modules():
            module.regions = regions

    def forward(self, maps: list[torch.Tensor]) -> object:
        regions, *size = self.shape
        images, channels = maps[0].shape[:2]
        cut = torch.empty(images * regions, channels, *size, device="meta").as_subclass(Traced)
        cut.rows = rows_of(maps)
        return self.predictor(self.head(cut))


def crop_of(name: str) -> tuple[int, ...]:
    """Height and width of the images that torchvision's weights of a network are for, or one size for both."""
    from torchvision import models

    return tuple(models.get_model_weights(name).DEFAULT.transforms().crop_size)


def build_without_numbers(framework: str, name: str, size: int) -> tuple[nn.Module, tuple[int, ...]]:
    """The network with the shapes of its parameters alone."""
    try:
        with torch.device("meta"):
            return build(framework, name, size)
    except NotImplementedError:  # it computes its widths with tensors (RegNet)
        model, shape = build(framework, name, size)
        return model.to("meta"), shape


def attend(self: nn.MultiheadAttention, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **_: object):
    """nn.MultiheadAttention of a sequence that attends to itself, as the functions of which it consists."""
    split = (*query.shape[:2], 3, self.num_heads, self.head_dim)
    projected = nn.functional.linear(query, self.in_proj_weight, self.in_proj_bias).view(split)
    query, key, value = projected.permute(2, 0, 3, 1, 4)
    weights = (query / math.sqrt(self.head_dim) @ key.transpose(-2, -1)).softmax(-1)
    mixed = (weights @ value).transpose(1, 2).flatten(2)
    return self.out_proj(mixed), None


class Recorder:
    """The rows of one run: one for each run of a module that has weights, or of a pool, in the order they end."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.counted: set[int] = set()
        self.running: list[tuple[str, nn.Module]] = []

    def run(self, model: nn.Module, shape: tuple[int, ...]) -> None:
        for name, module in model.named_modules():
            module.register_forward_pre_hook(partial(self.start, name))
            for key, buffer in list(module.named_buffers(recurse=False)):
                if buffer.is_floating_point() and not key.startswith("running_"):
                    module._buffers[key] = self.note_buffer_where_used(f"{name}.{key}".lstrip("."), buffer)
            own = list(module.parameters(recurse=False))
            if type(module).__name__ in APART:
                module.register_forward_hook(partial(self.note_apart, name))
            elif own and any(list(child.parameters()) for child in module.children()):
                # It works with weights of its own between modules that have theirs: the row is where it uses them.
                for key, parameter in list(module.named_parameters(recurse=False)):
                    traced = parameter.as_subclass(Traced)
                    traced.note_use = partial(self.note, name, module)
                    traced.note_factor = partial(self.note_factor, f"{name}.{key}".lstrip("."))
                    module._parameters[key] = traced
            elif own or isinstance(module, (*POOLS, FrozenBatchNorm2d)):
                module.register_forward_hook(partial(self.note, name))
            module.register_forward_hook(self.end)
        self.owners = {
            id(weight): (name, module)
            for name, module in model.named_modules()
            for key, weight in module.named_parameters(recurse=False)
            if (key == "weight" and isinstance(module, nn.Linear)) or key == "in_proj_weight"
        }
        model.train()  # the auxiliary heads run
        images = torch.empty(IMAGES, *shape, device="meta").as_subclass(Traced)
        images.rows = frozenset({INPUT})
        pools = {kind: self.noted(kind, getattr(nn.functional, kind)) for kind in FUNCTIONS}
        product = patch.object(Traced, "note_product", self.note_product, create=True)
        functions = patch.multiple(nn.functional, **pools, linear=self.noted_linear(nn.functional.linear))
        with torch.no_grad(), functions, product, patch.object(nn.MultiheadAttention, "forward", attend):
            model(images)

    def start(self, name: str, module: nn.Module, _: object) -> None:
        self.running.append((name, module))

    def end(self, *_: object) -> None:
        self.running.pop()

    def note(self, name: str, module: nn.Module, given: object, outputs: object) -> None:
        """A run of a module; of several outputs, the first is the one that counts."""
        output = next(tensors(outputs))
        own = {id(p): p.numel() for p in module.parameters(recurse=False)}
        params = sum(size for key, size in own.items() if key not in self.counted)
        buffers = sum(b.numel() for key, b in module.named_buffers(recurse=False) if key.startswith("running_"))
        if isinstance(module, FrozenBatchNorm2d):
            buffers = sum(b.numel() for b in module.buffers())
        if id(module) in self.counted:
            buffers = 0
        self.counted.update([*own, id(module)])
        source = next(tensors(given))
        row: dict[str, object] = {"name": name, "type": type(module).__name__, "params": params, "buffers": buffers}
        row["macs"] = macs(module, source, output)
        if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED, *POOLS)):
            row["kernel"] = sizes(module.kernel_size)
            row["stride"] = sizes(module.stride)
            row["padding"] = padding(module, source, output)
        if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED)):
            row["dilation"] = sizes(module.dilation)
            row["groups"] = module.groups
        self.add(row, given, output)
        has_heads = isinstance(module, CONVOLUTIONS) and type(self.running[-2][1]).__name__ in HEADS_IN_BATCH
        if "kernel" in row and (has_heads or hasattr(module, "regions")):
            show_parts(row, output)
        if type(module).__name__ in ADDED:
            row["reads"] = ""
        if type(module).__name__ in (*ADDED, *RESIDUAL):
            output.rows |= rows_of(given)

    def note_apart(self, name: str, module: nn.Module, given: object, output: torch.Tensor) -> None:
        """The learned tensors of a module, each in a row; the output comes from them and from what came in."""
        rows = rows_of(given)
        for key in APART[type(module).__name__]:
            parameter = getattr(module, key)
            row: dict[str, object] = {"name": f"{name}.{key}", "type": "Parameter", "params": parameter.numel()}
            self.add(row | {"buffers": 0, "macs": 0}, (), parameter[None])
            rows |= {len(self.rows)}
        output.rows = rows

    def note_factor(self, name: str, parameter: torch.Tensor) -> None:
        """A learned tensor that a product uses."""
        row: dict[str, object] = {
            "name": name,
            "type": "Parameter",
            "params": parameter.numel(),
            "buffers": 0,
            "macs": 0,
        }
        self.add(row, (), parameter[None])
        self.counted.add(id(parameter))
        del parameter.note_use, parameter.note_factor
        parameter.rows = frozenset({len(self.rows)})

    def note_buffer_where_used(self, name: str, buffer: torch.Tensor) -> torch.Tensor:
        """A tensor that the network keeps without learning it, with a row where a linear layer reads it."""
        traced = buffer.as_subclass(Traced)
        traced.note_buffer = partial(self.note_buffer, name)
        return traced

    def note_buffer(self, name: str, buffer: torch.Tensor) -> None:
        row: dict[str, object] = {"name": name, "type": "Parameter", "params": 0, "buffers": buffer.numel(), "macs": 0}
        self.add(row, (), buffer)

    def noted_linear(self, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        """Linear layers that are called as functions of another module, with a row for the module of their weights."""

        def linear(source: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
            if note_buffer := getattr(source, "note_buffer", None):
                note_buffer(source)
            with torch._C.DisableTorchFunctionSubclass():  # or it would come here a second time
                output = function(source, weight, bias).as_subclass(Traced)
            output.rows = rows_of(source)
            _, running = self.running[-1]
            if not isinstance(running, nn.Linear):
                self.note(*self.owners[id(weight)], source, output)
            return output

        return linear

    def note_product(self, arguments: tuple[object, ...], output: torch.Tensor) -> None:
        """A product of tensors; both images of the batch are in it."""
        name, _ = self.running[-1]
        row: dict[str, object] = {"name": f"{name}.product", "type": "Product", "params": 0, "buffers": 0}
        row["macs"] = product_macs(arguments, output) // IMAGES
        self.add(row, arguments, output)

    def noted(self, kind: str, function: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        """A function that pools, with a row where no module calls it that has one."""

        def pool(source: torch.Tensor, kernel_size, stride=None, padding=0, *rest, **options) -> torch.Tensor:
            with torch._C.DisableTorchFunctionSubclass():  # or it would come here a second time
                output = function(source, kernel_size, stride, padding, *rest, **options).as_subclass(Traced)
            name, module = self.running[-1]
            if not isinstance(module, POOLS):
                row: dict[str, object] = {"name": f"{name}.{FUNCTIONS[kind]}", "type": FUNCTIONS[kind]}
                row |= {"params": 0, "buffers": 0, "macs": 0, "kernel": sizes(kernel_size)}
                row |= {"stride": sizes(stride or kernel_size), "padding": sizes(padding)}
                self.add(row, source, output)
            return output

        return pool

    def add(self, row: dict[str, object], given: object, output: torch.Tensor) -> None:
        """A row; from here on, its output comes from it alone."""
        row["reads"] = " ".join("input" if number == INPUT else str(number) for number in sorted(rows_of(given)))
        row["output"] = "x".join(str(size) for size in shape_of_an_image(output))
        self.rows.append(row)
        output.rows = frozenset({len(self.rows)})


def shape_of_an_image(output: torch.Tensor) -> tuple[int, ...]:
    """The shape without the batch; windows, regions or heads that are samples of it come first."""
    batch, *shape = output.shape
    parts = batch // IMAGES
    return (parts, *shape) if parts > 1 else tuple(shape)


def show_parts(row: dict[str, object], output: torch.Tensor) -> None:
    """Write a row of a module that works on parts of an image one by one: they are an axis, with windows of 1."""
    row["output"] = sizes((output.shape[1], output.shape[0] // IMAGES, *output.shape[2:]))
    for key, along in (("kernel", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
        if key in row:
            row[key] = f"{along}x{row[key]}"


def macs(module: nn.Module, source: torch.Tensor, output: torch.Tensor) -> int:
    """Multiply-accumulates for one image."""
    if isinstance(module, CONVOLUTIONS):
        return output.shape[0] // IMAGES * output[0, 0].numel() * module.weight.numel()
    if isinstance(module, TRANSPOSED):
        return source.shape[0] // IMAGES * source[0, 0].numel() * module.weight.numel()
    if isinstance(module, nn.Linear):
        return math.prod(shape_of_an_image(output)) * module.in_features
    if isinstance(module, nn.MultiheadAttention):
        return output[0].numel() * module.embed_dim
    if isinstance(module, nn.LSTM):
        return output.shape[1] * sum(weight.numel() for key, weight in module.named_parameters() if "weight" in key)
    return 0


def product_macs(arguments: tuple[object, ...], output: torch.Tensor) -> int:
    if not isinstance(arguments[0], str):
        return output.numel() * arguments[0].shape[-1]
    sizes: dict[str, int] = {}
    for letters, tensor in zip(arguments[0].split("->")[0].split(","), arguments[1:], strict=True):
        sizes |= dict(zip(letters.replace(" ", ""), tensor.shape, strict=True))
    return math.prod(sizes.values())


def padding(module: nn.Module, source: torch.Tensor, output: torch.Tensor) -> str:
    """`1x1`, or where it is not the same on both sides `0:1x0:1`."""
    if pads := getattr(module, "pads", None):
        return "x".join(map(one_axis, pads))
    if not type(module).__name__.endswith("Same"):
        return sizes(module.padding)
    axes = []
    # timm's convolutions and pools that pad as TensorFlow does: what is missing, the larger half behind.
    for axis, (kernel, stride) in enumerate(zip(module.kernel_size, module.stride, strict=True), start=2):
        missing = max((output.shape[axis] - 1) * stride + kernel - source.shape[axis], 0)
        axes.append((missing // 2, missing - missing // 2))
    return "x".join(map(one_axis, axes))


def one_axis(sides: tuple[int, int]) -> str:
    before, after = sides
    return f"{before}" if before == after else f"{before}:{after}"


def sizes(value: int | tuple[int, ...] | list[int] | str) -> str:
    return "x".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def measure(framework: str, name_and_size: str) -> list[dict[str, object]]:
    """The rows of a network, at another image size where `name@size` has one."""
    if framework == "keras":
        import record_keras

        return record_keras.measure(name_and_size)
    name, _, size = name_and_size.partition("@")
    model, shape = build_without_numbers(framework, name, int(size or 0))
    if size:
        shape = (shape[0], *(int(size) for _ in shape[1:]))
    recorder = Recorder()
    recorder.run(model, shape)
    rows = recorder.rows
    held = sum(parameter.numel() for parameter in model.parameters())
    counted = sum(int(str(row["params"])) for row in rows)
    if held != counted:
        raise SystemExit(f"{name}: {counted:,} parameters in its layers, but the network holds {held:,}")
    return rows


def main() -> None:
    framework, *names = sys.argv[1:]
    for name in names:
        rows = measure(framework, name)
        path = HERE / framework / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        total = {key: sum(int(str(row[key])) for row in rows) for key in ("params", "buffers", "macs")}
        print(f"{name}: {', '.join(f'{number:,} {key}' for key, number in total.items())}")


if __name__ == "__main__":
    main()
