"""How long the whole process takes, beside the imports that any such program would need.

    python tests/benchmarks/startup.py [RUNS]

Runs each command in turn with the baseline, pair by pair, so that a ratio holds on a machine
whose speed drifts. Prints the median ratio and the peak memory; asserts nothing.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

BASELINE = [sys.executable, "-c", "import click, yaml, rich.table, rich.console"]
COMMANDS = [
    ["summary", "vgg16"],
    ["summary", "vgg16", "--format", "json"],
    ["summary", "resnet152"],
    ["summary", "densenet201"],
    ["summary", "efficientnet_b7"],
    ["list"],
]


def measure(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak memory in MiB of one run (0 where the system does not say)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    if not hasattr(os, "wait4"):
        process.wait()
        return time.perf_counter() - start, 0.0
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    scale = 1024**2 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_maxrss / scale


def main(runs: int) -> None:
    measure(BASELINE)
    print(f"medians of {runs} pairs; the baseline is: {' '.join(BASELINE[1:])}")
    print(f"{'command':42}{'seconds':>9}{'baseline':>10}{'ratio':>8}{'MiB':>7}")
    for arguments in COMMANDS:
        command = [sys.executable, "-m", "cnncalc", *arguments]
        measure(command)
        pairs = [(measure(command), measure(BASELINE)) for _ in range(runs)]
        own = statistics.median(pair[0][0] for pair in pairs)
        base = statistics.median(pair[1][0] for pair in pairs)
        ratio = statistics.median(pair[0][0] / pair[1][0] for pair in pairs)
        memory = max(pair[0][1] for pair in pairs)
        print(f"{'cnncalc ' + ' '.join(arguments):42}{own:9.3f}{base:10.3f}{ratio:8.2f}{memory:7.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
