"""Figures of networks that no framework here brings along, computed from their papers and their authors' code.

    python tests/reference/compute.py

Writes tests/reference/papers/<network>.csv for those that are held layer by layer, prints the totals of all, and checks
them against the parameters that the authors published. Nothing of cnncalc is used: sizes go from layer to layer as the
definition says, parameters and multiply-accumulates come from the textbook formulas.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

COLUMNS = ("name", "type", "reads", "kernel", "stride", "padding", "groups", "output", "params", "buffers", "macs")


class Map(NamedTuple):
    """A square map, and the rows (counted from 1) that it comes from."""

    channels: int
    size: int
    rows: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return f"{self.channels}x{self.size}x{self.size}"

    def plus(self, other: Map) -> Map:
        """The sum of two; what it takes to make them alike (identity, strided and padded) is no row."""
        return other._replace(rows=self.rows | other.rows)

    def beside(self, other: Map) -> Map:
        return Map(self.channels + other.channels, self.size, self.rows | other.rows)


class Tape:
    """The layers so far."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def note(self, source: Map, output: object, **row: object) -> frozenset[int]:
        reads = " ".join(map(str, sorted(source.rows))) or "input"
        number = len(self.rows) + 1
        row = {"name": number, "reads": reads, "output": output, "params": 0, "buffers": 0, "macs": 0, **row}
        self.rows.append(row)
        return frozenset({number})

    def conv(self, source: Map, filters: int, kernel: int, stride: int = 1) -> Map:
        """A convolution without bias that keeps the size at stride 1."""
        weights = filters * source.channels * kernel * kernel
        made = Map(filters, (source.size - 1) // stride + 1)
        window = {"kernel": kernel, "stride": stride, "padding": kernel // 2, "groups": 1}
        macs = weights * made.size * made.size
        return made._replace(rows=self.note(source, made, type="conv", **window, params=weights, macs=macs))

    def norm(self, source: Map) -> Map:
        numbers = 2 * source.channels
        return source._replace(rows=self.note(source, source, type="batch_norm", params=numbers, buffers=numbers))

    def pool(self, source: Map, kind: str, kernel: int, stride: int, padding: int = 0) -> Map:
        made = Map(source.channels, (source.size + 2 * padding - kernel) // stride + 1)
        return made._replace(rows=self.note(source, made, type=kind, kernel=kernel, stride=stride, padding=padding))

    def linear(self, source: Map, features: int) -> None:
        """Of the mean of each map, with bias."""
        weights = source.channels * features
        self.note(source, features, type="linear", params=weights + features, macs=weights)

    def total(self, key: str) -> int:
        return sum(int(str(row[key])) for row in self.rows)

    def params_without_norms(self) -> int:
        return sum(int(str(row["params"])) for row in self.rows if row["type"] != "batch_norm")


def pairs(tape: Tape, source: Map, widths: list[int], depths: list[int], shortcut: str) -> Map:
    """Pairs of 3x3 convolutions, with a shortcut around each: none, identity or projection (He et al. 2015, 3.3)."""
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            around = source
            source = tape.norm(tape.conv(source, width, 3, stride))
            source = tape.norm(tape.conv(source, width, 3))
            if shortcut == "projection" and around.channels != width:
                around = tape.norm(tape.conv(around, width, 1, stride))
            if shortcut != "none":
                source = around.plus(source)
    return source


def plain_imagenet(depths: list[int]) -> Tape:
    """He et al. 2015, Table 1 and the middle of Figure 3."""
    tape = Tape()
    stem = tape.pool(tape.norm(tape.conv(Map(3, 224), 64, 7, 2)), "max_pool", 3, 2, 1)
    tape.linear(pairs(tape, stem, [64, 128, 256, 512], depths, "none"), 1000)
    return tape


def resnet_cifar(depth: int, shortcut: str = "identity") -> Tape:
    """He et al. 2015, section 4.2: 6n + 2 layers."""
    tape = Tape()
    stem = tape.norm(tape.conv(Map(3, 32), 16, 3))
    tape.linear(pairs(tape, stem, [16, 32, 64], [(depth - 2) // 6] * 3, shortcut), 10)
    return tape


def pre_activation(tape: Tape, source: Map, convolutions: list[tuple[int, int, int]], width: int) -> Map:
    """A unit of He et al. 2016 or Zagoruyko & Komodakis 2016: norm before each convolution (filters, kernel, stride).

    Where the channels change, the projection reads the first norm's output (resnet-pre-act.lua, wide-resnet.lua).
    """
    around = source
    for position, (filters, kernel, stride) in enumerate(convolutions):
        source = tape.norm(source)
        if position == 0 and around.channels != width:
            around = source
        source = tape.conv(source, filters, kernel, stride)
    if around.channels != width:
        around = tape.conv(around, width, 1, max(stride for _, _, stride in convolutions))
    return around.plus(source)


def resnet1001(depth: int) -> Tape:
    """KaimingHe/resnet-1k-layers: 9n + 2 layers, stride in the first 1x1."""
    tape = Tape()
    maps = tape.conv(Map(3, 32), 16, 3)
    for stage, width in enumerate((16, 32, 64)):
        for unit in range((depth - 2) // 9):
            stride = 2 if stage > 0 and unit == 0 else 1
            maps = pre_activation(tape, maps, [(width, 1, stride), (width, 3, 1), (4 * width, 1, 1)], 4 * width)
    tape.linear(tape.norm(maps), 10)
    return tape


def wide_resnet(depth: int, factor: int) -> Tape:
    """szagoruyko/wide-residual-networks: 6n + 4 layers."""
    tape = Tape()
    maps = tape.conv(Map(3, 32), 16, 3)
    for stage, width in enumerate((16 * factor, 32 * factor, 64 * factor)):
        for unit in range((depth - 4) // 6):
            stride = 2 if stage > 0 and unit == 0 else 1
            maps = pre_activation(tape, maps, [(width, 3, stride), (width, 3, 1)], width)
    tape.linear(tape.norm(maps), 10)
    return tape


def densenet_cifar(depth: int, growth: int, bottleneck: bool = False) -> Tape:
    """Huang et al. 2016, section 3 and section 4.2 (16 first channels; 2 x growth and compression 0.5 with BC)."""
    tape = Tape()
    maps = tape.conv(Map(3, 32), 2 * growth if bottleneck else 16, 3)
    for block in range(3):
        for _ in range((depth - 4) // (6 if bottleneck else 3)):
            new = tape.norm(maps)
            if bottleneck:
                new = tape.norm(tape.conv(new, 4 * growth, 1))
            maps = maps.beside(tape.conv(new, growth, 3))
        maps = tape.norm(maps)
        if block < 2:
            maps = tape.conv(maps, maps.channels // 2 if bottleneck else maps.channels, 1)
            maps = tape.pool(maps, "avg_pool", 2, 2)
    tape.linear(maps, 10)
    return tape


# The network, the file of its layers, and the parameters that its authors state: in millions, as they round, or
# exactly, as the logs in wide-residual-networks do. ResNet-1001 has 10.2 million without batch normalisation only.
NETWORKS: list[tuple[str, str, str, Callable[[], Tape]]] = [
    ("plain18", "plain18", "", partial(plain_imagenet, [2, 2, 2, 2])),
    ("plain34", "plain34", "", partial(plain_imagenet, [3, 4, 6, 3])),
    ("plain20", "plain20_cifar", "0.27", partial(resnet_cifar, 20, "none")),
    ("ResNet-20", "resnet20_cifar", "0.27", partial(resnet_cifar, 20)),
    ("ResNet-20, projections", "resnet20_cifar_projections", "", partial(resnet_cifar, 20, "projection")),
    ("ResNet-32", "", "0.46", partial(resnet_cifar, 32)),
    ("ResNet-44", "", "0.66", partial(resnet_cifar, 44)),
    ("ResNet-56", "", "0.85", partial(resnet_cifar, 56)),
    ("ResNet-110", "", "1.7", partial(resnet_cifar, 110)),
    ("ResNet-1202", "", "19.4", partial(resnet_cifar, 1202)),
    ("ResNet-29, pre-activation", "resnet1001_depth29", "", partial(resnet1001, 29)),
    ("ResNet-164, pre-activation", "", "1703258", partial(resnet1001, 164)),
    ("ResNet-1001, pre-activation", "", "10.2 without norms", partial(resnet1001, 1001)),
    ("WRN-16-8", "", "11.0", partial(wide_resnet, 16, 8)),
    ("WRN-40-4", "", "8949210", partial(wide_resnet, 40, 4)),
    ("WRN-28-10", "wide_resnet28_10", "36.5", partial(wide_resnet, 28, 10)),
    ("DenseNet-40, k=12", "densenet40_cifar", "1.0", partial(densenet_cifar, 40, 12)),
    ("DenseNet-100, k=12", "", "7.0", partial(densenet_cifar, 100, 12)),
    ("DenseNet-100, k=24", "", "27.2", partial(densenet_cifar, 100, 24)),
    ("DenseNet-BC-100, k=12", "densenet_bc100_cifar", "0.8", partial(densenet_cifar, 100, 12, bottleneck=True)),
    ("DenseNet-BC-190, k=40", "", "25.6", partial(densenet_cifar, 190, 40, bottleneck=True)),
    ("DenseNet-BC-250, k=24", "", "15.3", partial(densenet_cifar, 250, 24, bottleneck=True)),
]


def main() -> None:
    for name, file_name, published, network in NETWORKS:
        tape = network()
        totals = {key: tape.total(key) for key in ("params", "buffers", "macs")}
        if file_name:
            path = Path(__file__).parent / "papers" / f"{file_name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(tape.rows)
        stated, _, without_norms = published.partition(" ")
        params = tape.params_without_norms() if without_norms else totals["params"]
        places = len(stated.partition(".")[2])
        counted = f"{params / 1e6:.{places}f}" if places else str(params)
        agrees = "" if not stated else f" as published ({published})" if counted == stated else f", NOT {published}"
        print(f"{name}: {', '.join(f'{number:,} {key}' for key, number in totals.items())}{agrees}")


if __name__ == "__main__":
    main()
