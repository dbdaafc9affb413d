"""Designs per second: `cnncalc.sweep` against a loop over `cnncalc.load`, and over torchinfo if it is installed.

    python tests/benchmarks/sweep.py [SECONDS]

Each case runs for about so many seconds, 2 by default. The ratio is that of the rates in one run, because machines
differ; the loops get the same designs.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import time
from collections.abc import Callable, Iterable

import cnncalc
from cnncalc.network.records import figures_of

CASES: dict[str, tuple[str, dict[str, object]]] = {
    "the head: classes of ResNet-50": ("resnet50", {"classes": range(1, 100_001)}),
    "ResNet-50, 64 widths x classes": ("resnet50", {"group_width": range(8, 520, 8), "classes": range(1, 2_001)}),
    "ResNet-50, classes x 64 widths": ("resnet50", {"classes": range(1, 2_001), "group_width": range(8, 520, 8)}),
    "ResNet-50, every width once": ("resnet50", {"group_width": range(1, 100_001)}),
    "ResNet-50, depths x classes": (
        "resnet50",
        {"depths": [[a, b, c, d] for a in range(1, 4) for b in range(1, 5) for c in (3, 6) for d in (1, 2, 3)],
         "classes": range(1, 2_001)},
    ),
    "MobileNetV2, sizes x widths": ("mobilenet_v2", {"input": range(96, 257, 8), "width": "0.25..2:0.05"}),
}  # fmt: skip


def count(rows: Iterable[object], seconds: float) -> float:
    """How many rows come in a second, if no figures of layers are known from before."""
    figures_of.cache_clear()
    begun = time.perf_counter()
    number = 0
    for _ in rows:
        number += 1
        if time.perf_counter() - begun > seconds:
            break
    return number / (time.perf_counter() - begun)


def values_of(spec: str, name: str, given: object) -> list[object]:
    """The first values of a variable."""
    return [row[name] for row in itertools.islice(cnncalc.sweep(spec, {name: given}, columns=["layers"]), 40)]


def loop(spec: str, vary: dict[str, list[object]]) -> Iterable[object]:
    """The totals of the designs, each loaded on its own."""
    for chosen in itertools.product(*vary.values()):
        design = dict(zip(vary, chosen, strict=True))
        size = design.pop("input", None)
        yield cnncalc.load(spec, variables=design, input=None if size is None else [3, size, size]).totals


def with_torchinfo() -> Callable[[], Iterable[object]] | None:
    """ResNet-50 with other numbers of classes on the meta device, as torchinfo summarizes it."""
    if not all(importlib.util.find_spec(name) for name in ("torch", "torchvision", "torchinfo")):
        return None
    import torch
    from torchinfo import summary
    from torchvision.models import resnet50

    def rows() -> Iterable[object]:
        for classes in itertools.count(1):
            with torch.device("meta"):
                model = resnet50(num_classes=classes)
            yield summary(model, (1, 3, 224, 224), device="meta", verbose=0)

    return rows


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    other = with_torchinfo()
    print(f"{'designs per second':34} {'sweep':>8} {'load':>8} {'ratio':>7}")
    for name, (spec, vary) in CASES.items():
        rows = cnncalc.sweep(spec, vary)
        next(iter(cnncalc.sweep(spec, vary)))
        shortened = {key: values_of(spec, key, given) for key, given in vary.items()}
        swept, loaded = count(rows, seconds), count(loop(spec, shortened), seconds)
        print(f"{name:34} {swept:8,.0f} {loaded:8,.0f} {swept / loaded:6.0f}x")
    if other is not None:
        print(f"{'torchinfo, ResNet-50':34} {count(other(), seconds):8,.1f}")


if __name__ == "__main__":
    main()
