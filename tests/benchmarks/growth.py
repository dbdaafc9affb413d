"""One generated network, analysed step by step: time and memory a layer.

Run by run.py, each size in a process of its own.

    python tests/benchmarks/growth.py chain|dense|nested LAYERS

Prints one line of JSON: the layers, seconds for each step, and the peak memory in MiB after each.
"""

from __future__ import annotations

import gc
import json
import sys
import tempfile
import time
from pathlib import Path

CHAIN = """\
input: [8, 32, 32]
layers:
  - conv: {{filters: 8, kernel: 3, padding: 1}}
    repeat: {count}
"""
# A dense block of 32 layers and a transition have 225 layers.
DENSE = """\
input: [16, 32, 32]
blocks:
  layer(growth):
    - concat:
        before:
        new:
          - batch_norm
          - relu
          - conv: {{filters: 4 * growth, kernel: 1, bias: false}}
          - batch_norm
          - relu
          - conv: {{filters: growth, kernel: 3, padding: 1, bias: false}}
  dense(depth, growth):
    - layer: growth
      repeat: depth
    - conv: {{filters: in_channels // 2, kernel: 1, bias: false}}
layers:
  - dense: [32, 12]
    repeat: {count}
"""
# Ten residual blocks in each pass have 80 layers.
NESTED = """\
input: [8, 32, 32]
blocks:
  unit(width):
    - conv: {{filters: width, kernel: 3, padding: 1, bias: false}}
    - batch_norm
    - relu
  residual(width):
    - add:
        body:
          - unit: width
          - unit: width
        shortcut:
    - relu
layers:
  - layers:
      - residual: 8
        repeat: 10
    name: stage
    repeat: {count}
"""
KINDS = {"chain": (CHAIN, 1), "dense": (DENSE, 225), "nested": (NESTED, 80)}


def peak() -> float:
    """The most memory that the process has had, in MiB."""
    import resource

    scale = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def main() -> None:
    kind, layers = sys.argv[1], int(sys.argv[2])
    from cnncalc import limits
    from cnncalc.__main__ import ALLOCATIONS

    # As the program does.
    gc.set_threshold(ALLOCATIONS)
    text, each = KINDS[kind]
    path = Path(tempfile.mkdtemp()) / "net.yaml"
    path.write_text(text.format(count=layers // each), encoding="utf-8")
    # As `--limit layers=1M` does.
    with limits.using(limits.Limits(layers=10**6, work=10**9)):
        print(json.dumps(measure(path)))


def measure(path: Path) -> dict[str, object]:
    """The layers of a spec's network, the seconds of each step, and the MiB that the process had after it."""
    from cnncalc.analyses.receptive_field import receptive_fields
    from cnncalc.formats import csv, records
    from cnncalc.network import build
    from cnncalc.network.records import figures_of
    from cnncalc.reports.summary import SummaryView, summary
    from cnncalc.reports.summary_records import summary_record

    network = build.load(str(path))
    figures_of.cache_clear()
    steps = {
        "load": lambda: build.load(str(path)),
        "summary": lambda: summary(network, SummaryView()),
        "fields": lambda: receptive_fields(network),
        "json": lambda: sum(map(len, records.write(summary_record(network)))),
        "csv": lambda: sum(map(len, csv.write(summary(network, SummaryView(flat=True))))),
    }
    seconds, memory = {}, {}
    for name, step in steps.items():
        start = time.perf_counter()
        step()
        seconds[name] = time.perf_counter() - start
        memory[name] = peak()
    return {"layers": len(network.layers), "seconds": seconds, "memory": memory}


if __name__ == "__main__":
    main()
