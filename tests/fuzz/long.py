"""The long run: `python tests/fuzz/long.py 200000`, with --seed for another one, --only for some strategies.

It prints how many cases it ran of each strategy, and every finding once, with the smallest case that shows it.
`--only is_bounded` runs specs of adversarial structure, and `--only models_are_bounded` such files of other programs,
each in a process whose CPU time and memory are measured.
A case is known by its seed, its strategy and its number: `--only is_the_plain_expansion --case 17 --seed 1`.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.choices import Choices, random_choices, reduced, replayed
from fuzz.invariants import INVARIANTS, LAWS, hold
from fuzz.judging import JUDGES
from fuzz.model_judging import MODEL_JUDGES
from fuzz.vast import is_bounded
from fuzz.vast_models import models_are_bounded

SECONDS = 10

# Out of a hundred cases, so many are of a strategy; the others share the rest.
SHARES = {
    "judge_bytes": 16,
    "judge_nodes": 16,
    "judge_text": 16,
    "judge_model": 2,
    "judge_broken_model": 8,
    "judge_hostile_names": 2,
    "judge_commands": 4,
    "judge_line": 4,
    "is_the_plain_expansion": 18,
    "diff_adds_up": 1,
}

# A case of these takes seconds, so that they run where --only names them; their smallest case is looked for longer.
SLOW: dict[str, Callable[[Choices], object]] = {run.__name__: run for run in (is_bounded, models_are_bounded)}
SHRINKING, SLOW_SHRINKING = 60, 900

Run = Callable[[Choices], object]


def strategies(folder: Path) -> dict[str, Run]:
    """What a case runs, by name."""
    found: dict[str, Run] = {judge.__name__: partial(judge, folder=folder) for judge in (*JUDGES, *MODEL_JUDGES)}
    found |= {invariant.__name__: partial(hold, invariant=invariant) for invariant in INVARIANTS}
    found |= {law.__name__: partial(hold, invariant=law, wishes=wishes) for law, wishes in LAWS}
    return found


def schedule(names: list[str]) -> list[str]:
    """A hundred strategies, or a few more, as often as their shares say."""
    rest = [name for name in names if name not in SHARES]
    shares = {name: SHARES.get(name, 0) or max((100 - sum(SHARES.values())) // max(len(rest), 1), 1) for name in names}
    return [name for name in names for _ in range(shares[name])]


def failure(run: Run, choices: Choices) -> tuple[tuple[object, ...], str] | None:
    """What went wrong: a key that is the same for the same mistake, and the text of it."""
    signal.alarm(SECONDS)
    try:
        run(choices)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name != "same"]
        last = frames[-1]
        inner = [frame for frame in frames if f"{os.sep}cnncalc{os.sep}" in frame.filename]
        where = [(Path(frame.filename).name, frame.name, frame.lineno) for frame in (last, *inner[-1:])]
        # Of the words, those before anything that the case itself brings in.
        said = re.split(r"[\d'\"\[{(]", str(error))[0][:40]
        return (type(error).__name__, said, *where), "".join(traceback.format_exception(error))
    finally:
        signal.alarm(0)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("cases", type=int, nargs="?", default=200_000)
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--only", default="", help="strategies, with commas between")
    parser.add_argument("--case", type=int, help="this case alone")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, partial(_out_of_time))
    started = time.monotonic()
    counts: Counter[str] = Counter()
    findings: dict[tuple[object, ...], tuple[int, str]] = {}
    print(f"seed {options.seed}, {options.cases} cases", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        runs = strategies(Path(folder))
        names = options.only.split(",") if options.only else list(runs)
        runs |= SLOW
        order = schedule(names)
        numbers = range(options.cases) if options.case is None else (options.case,)
        for number in numbers:
            name = order[number % len(order)] if options.case is None else names[0]
            counts[name] += 1
            choices = random_choices(f"{options.seed}:{name}:{number}")
            found = failure(runs[name], choices)
            if found is not None:
                key, text = found
                if key not in findings:
                    seconds = SLOW_SHRINKING if name in SLOW else SHRINKING
                    smallest = _smallest(runs[name], choices.made, key, seconds)
                    print(f"\n=== {name}, case {number}: {key}\n{smallest or text}", flush=True)
                findings[key] = (findings.get(key, (0, ""))[0] + 1, name)
            if number and number % 5000 == 0:
                print(f"... {number} cases, {time.monotonic() - started:.0f} s, {len(findings)} findings", flush=True)
    print(f"\n{sum(counts.values())} cases in {time.monotonic() - started:.0f} s, seed {options.seed}:")
    for name, count in counts.most_common():
        print(f"  {count:8} {name}")
    print(f"{len(findings)} findings")
    for key, (times, name) in findings.items():
        print(f"  {times:8} x {name}: {key}")
    return 1 if findings else 0


def _smallest(run: Run, made: list[int], key: tuple[object, ...], seconds: int) -> str:
    """The text of the smallest case found in so many seconds that fails in the same way."""
    deadline = time.monotonic() + seconds

    def fails(choices: Choices) -> bool:
        if time.monotonic() > deadline:
            return False
        try:
            found = failure(run, choices)
        except RecursionError:
            return False
        return found is not None and found[0] == key

    found = failure(run, replayed(reduced(made, fails)))
    return found[1] if found else ""


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
