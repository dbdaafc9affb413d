"""Record what a framework's network measures, layer by layer, for the tests to compare with.

    python tests/reference/record.py torchvision resnet50 [inception_v3 ...]
    python tests/reference/record.py timm inception_v4

Writes tests/reference/<framework>/<network>.csv: the modules that hold weights and the pools, in
the order they run on one image, with shapes without the batch. Needs the framework (torch 2.14.1
with torchvision 0.29.1, timm 1.0.31 are what the files here were made with); nothing is run or
downloaded but the architecture. MACs are multiply-accumulates of convolutions and linear layers.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import torch
from torch import nn

HERE = Path(__file__).parent
COLUMNS = ("name", "type", "output", "params", "buffers", "macs", "kernel", "stride", "padding", "dilation", "groups")
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.MaxPool3d, nn.AvgPool3d)


def build(framework: str, name: str) -> tuple[nn.Module, tuple[int, ...]]:
    """A network with its auxiliary heads, and the input it was published for."""
    if framework == "torchvision":
        from torchvision import models

        if name in models.list_models(models.segmentation):
            return models.get_model(name, weights=None, weights_backbone=None, aux_loss=True), (3, 520, 520)
        if name in models.list_models(models.video):
            return models.get_model(name, weights=None), (3, 16, 112, 112)
        options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        crop = models.get_model_weights(name).DEFAULT.transforms().crop_size[0]
        # The weights that torchvision's figures are published for are the first ones.
        first = next(iter(models.get_model_weights(name)))
        crop = first.transforms().crop_size[0] if first.transforms() else crop
        return models.get_model(name, weights=None, **options), (3, crop, crop)
    import timm

    model = timm.create_model(name, pretrained=False)
    return model, tuple(model.default_cfg["input_size"])


def record(model: nn.Module, shape: tuple[int, ...]) -> list[dict[str, object]]:
    """One row for each run of a module that has weights or pools, in the order they end."""
    rows: list[dict[str, object]] = []
    counted: set[int] = set()

    def note(name: str, module: nn.Module):
        def hook(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            own = {id(p): p.numel() for p in module.parameters(recurse=False)}
            params = sum(size for key, size in own.items() if key not in counted)
            buffers = sum(b.numel() for key, b in module.named_buffers(recurse=False) if key.startswith("running_"))
            if id(module) in counted:
                buffers = 0
            counted.update([*own, id(module)])
            row: dict[str, object] = {"name": name, "type": type(module).__name__, "params": params, "buffers": buffers}
            row["output"] = "x".join(str(size) for size in output.shape[1:]) if torch.is_tensor(output) else ""
            row["macs"] = macs(module, inputs[0], output)
            if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED, *POOLS)):
                row["kernel"] = sizes(module.kernel_size)
                row["stride"] = sizes(module.stride)
                row["padding"] = sizes(module.padding)
            if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED)):
                row["dilation"] = sizes(module.dilation)
                row["groups"] = module.groups
            rows.append(row)

        return hook

    for name, module in model.named_modules():
        if list(module.parameters(recurse=False)) or isinstance(module, POOLS):
            module.register_forward_hook(note(name, module))
    # In training mode the auxiliary heads run; two images, for batch norm of a single number has no variance.
    model.train()
    with torch.no_grad():
        model(torch.empty(2, *shape, device="meta"))
    return rows


def macs(module: nn.Module, source: torch.Tensor, output: torch.Tensor) -> int:
    """Multiply-accumulates for one image."""
    if isinstance(module, CONVOLUTIONS):
        return output[0, 0].numel() * module.weight.numel()
    if isinstance(module, TRANSPOSED):
        return source[0, 0].numel() * module.weight.numel()
    if isinstance(module, nn.Linear):
        return output[0].numel() * module.in_features
    return 0


def sizes(value: int | tuple[int, ...] | str) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


def main() -> None:
    framework, *names = sys.argv[1:]
    for name in names:
        with torch.device("meta"):
            model, shape = build(framework, name)
        rows = record(model, shape)
        path = HERE / framework / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        total = {key: sum(int(row[key]) for row in rows) for key in ("params", "buffers", "macs")}
        held = sum(parameter.numel() for parameter in model.parameters())
        lost = "" if held == total["params"] else f", but the network holds {held:,}"
        figures = ", ".join(f"{number:,} {key}" for key, number in total.items())
        print(f"{name} {'x'.join(map(str, shape))}: {figures}{lost}")


if __name__ == "__main__":
    main()
