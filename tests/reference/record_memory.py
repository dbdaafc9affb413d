"""Record what PyTorch keeps for the backward pass of torchvision's convolutional classifiers.

    python tests/reference/record_memory.py             # all of them
    python tests/reference/record_memory.py resnet50 vgg16

Writes tests/reference/saved_for_backward.csv: the bytes of all storages that autograd saves in one forward
pass in train mode, float32, without parameters and buffers. Each storage counts once, with its full size; the images
are among them. Needs torch and torchvision (2.14.1 and 0.29.1 made the file). Runs on the meta device: nothing is
computed or downloaded. The batch is 2 where a batch norm of 1x1 maps refuses a single sample.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import torch
from record import build_without_numbers

FILE = Path(__file__).parent / "saved_for_backward.csv"
COLUMNS = ("network", "input", "batch", "bytes", "source")
# Classifiers whose layers are attention and not convolutions.
TRANSFORMERS = ("vit_", "swin_", "maxvit")


def list_classifiers() -> list[str]:
    """The names of torchvision's convolutional classifiers."""
    from torchvision import models

    return [name for name in models.list_models(module=models) if not name.startswith(TRANSFORMERS)]


def measure_saved(model: torch.nn.Module, batch: int, shape: tuple[int, ...]) -> int:
    """The bytes of the storages that autograd saves in one forward pass, without parameters and buffers."""
    own = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}
    saved: dict[int, torch.UntypedStorage] = {}  # the storages stay alive, so that none gets the address of another

    def save(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            saved[storage._cdata] = storage
        return tensor

    images = torch.empty(batch, *shape, device="meta")
    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        outputs = model(images)
    del outputs
    return sum(storage.nbytes() for storage in saved.values())


def measure(name: str) -> dict[str, object]:
    """The row of a network, for the images that its weights were trained on."""
    import torchvision

    source = f"torchvision {torchvision.__version__.partition('+')[0]}, torch {torch.__version__.partition('+')[0]}"
    for batch in (1, 2):
        model, shape = build_without_numbers("torchvision", name, 0)
        try:
            size = measure_saved(model.train(), batch, shape)
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
    rows = []
    for name in sys.argv[1:] or list_classifiers():
        rows.append(measure(name))
        print("{network}: {bytes:,} bytes for a batch of {batch}, {input}".format(**rows[-1]), flush=True)
    if sys.argv[1:]:
        return
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
