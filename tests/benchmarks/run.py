"""All benchmarks: whole processes, loading in process, growth, and the same job by other tools.

    python tests/benchmarks/run.py [RUNS]

Prints ratios and costs a layer, and asserts nothing: machines differ, and drift. Measure an installed cnncalc,
whose byte code is written.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import growth
import others
import startup

SIZES = (1_000, 10_000, 100_000)
NETWORKS = ("vgg16", "resnet152", "densenet201", "efficientnet_b7")


def loading(runs: int) -> None:
    """Loading in process, when it was done before."""
    import cnncalc

    print(f"cnncalc.load in process, warm, of {10 * runs} runs")
    print(f"{'network':18}{'layers':>8}{'least ms':>10}{'median ms':>11}")
    for name in NETWORKS:
        times = []
        for _ in range(10 * runs):
            start = time.perf_counter()
            network = cnncalc.load(name)
            times.append(1000 * (time.perf_counter() - start))
        print(f"{name:18}{len(network):8,}{min(times):10.2f}{statistics.median(times):11.2f}")


def grow() -> None:
    """Microseconds a layer of each step, and MiB, as networks grow."""
    program = str(Path(growth.__file__))
    print("microseconds a layer as networks grow; in the last column the peak MiB of the process")
    steps = ("load", "summary", "fields", "json", "csv")
    print(f"{'network':10}{'layers':>9}" + "".join(f"{step:>9}" for step in steps) + f"{'seconds':>9}{'MiB':>7}")
    for kind in growth.KINDS:
        costs = {}
        for size in SIZES:
            command = [sys.executable, program, kind, str(size)]
            done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            costs[size] = {step: 1e6 * done["seconds"][step] / done["layers"] for step in steps}
            numbers = "".join(f"{costs[size][step]:9.1f}" for step in steps)
            analysed = done["seconds"]["load"] + done["seconds"]["summary"]
            print(f"{kind:10}{done['layers']:9,}{numbers}{analysed:9.2f}{done['memory']['csv']:7.0f}")
        ratios = "".join(f"{costs[SIZES[2]][step] / costs[SIZES[1]][step]:9.2f}" for step in steps)
        print(f"{'':10}{'ratio':>9}{ratios}")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    startup.main(runs)
    print()
    loading(runs)
    print()
    grow()
    print()
    others.main()


if __name__ == "__main__":
    main()
