"""Record what fvcore prints for timm's networks of tests/reference/conventions/timm.csv.

    python tests/reference/record_timm.py [resnet50 ...]

Fills the columns `operations`, fvcore's figure to the last digit, and `means`, the elements that the network averages
by torch.mean, which fvcore does not count. Needs timm 1.0.31 and fvcore 0.1.5.post20221221.
"""

from __future__ import annotations

import csv
import logging
import sys
import warnings
from math import prod
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "conventions" / "timm.csv"


def count(name: str, size: int) -> tuple[int, int]:
    import timm
    import torch
    from fvcore.nn import FlopCountAnalysis

    def read_size(inputs: list[Any], _: list[Any]) -> int:
        return prod(inputs[0].type().sizes())

    model, image = timm.create_model(name).eval(), torch.rand(1, 3, size, size)
    analysis = FlopCountAnalysis(model, image).unsupported_ops_warnings(False)
    operations = int(analysis.total())
    analysis = FlopCountAnalysis(model, image).unsupported_ops_warnings(False)
    return operations, int(analysis.set_op_handle("aten::mean", read_size).by_operator().get("mean", 0))


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable()
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if not sys.argv[1:] or row["network"] in sys.argv[1:]:
            row["operations"], row["means"] = map(str, count(row["model"], int(row["size"])))
            print(*row.values(), flush=True)
            write(rows)


def write(rows: list[dict[str, str]]) -> None:
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
