"""Running a plan: the designs that it keeps, in order, by one process or several."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from itertools import islice
from time import monotonic

from cnncalc import limits, surface
from cnncalc.errors import Problem, SpecError
from cnncalc.limits import Limits
from cnncalc.record import Record
from cnncalc.sweeps.designs import Design, Sweep
from cnncalc.sweeps.front import Front
from cnncalc.sweeps.study import SweepPlan

# The designs of a task of a process, which grow to this time.
SECONDS_A_TASK = 0.5
MOST_A_TASK = 2_000
# Tasks that wait for each process, so that none is idle.
TASKS_AHEAD = 2


class Batch(Record):
    """Designs that follow each other: how many there are, how many cannot be built, and those that are kept."""

    total: int
    invalid: int
    kept: tuple[Design, ...]


def run(plan: SweepPlan, *, start: int = 0, jobs: int = 1) -> Generator[Batch, None, None]:
    """The designs from the design `start` on, in order and without a front; the same for any number of `jobs`."""
    left = plan.study.space.designs - start
    if jobs == 1 or left < 2:
        sweep = Sweep(plan.study)
        for design in sweep.designs(start):
            yield _select(plan, [design])
        return
    yield from _run_in_processes(plan, start, min(jobs, left, os.cpu_count() or 1))


def _select(plan: SweepPlan, designs: list[Design]) -> Batch:
    kept = tuple([design for design in designs if plan.keeps(design)])
    return Batch(len(designs), sum(bool(design.reason) for design in designs), kept)


def front_of(plan: SweepPlan, batches: Iterator[Batch]) -> tuple[Design, ...]:
    """The designs on the Pareto front, in their order."""
    front: Front[tuple[int, Design]] = Front()
    number = 0
    for batch in batches:
        for design in batch.kept:
            number += 1
            point = plan.point(design)
            if point is not None:
                front.add(point, (number, design))
    return tuple(design for _, design in sorted(front.kept, key=lambda one: one[0]))


def _run_in_processes(plan: SweepPlan, start: int, jobs: int) -> Iterator[Batch]:
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    numbers = plan.study.space.numbers(start)
    settings = plan, limits.current(), surface.is_command_line()
    size = 1
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=settings) as pool:
        waiting: deque[Future[tuple[Batch, float]]] = deque()
        try:
            while True:
                while len(waiting) < TASKS_AHEAD * jobs and (task := list(islice(numbers, size))):
                    waiting.append(pool.submit(_work, task))
                if not waiting:
                    return
                batch, seconds = waiting.popleft().result()
                if seconds < SECONDS_A_TASK / 2:
                    size = min(2 * size, MOST_A_TASK)
                yield batch
        except BrokenProcessPool:
            hint = "it may have run out of memory; use fewer jobs"
            raise SpecError([Problem(None, "a process of the sweep ended unexpectedly", hint)]) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Worker:
    """The sweep of a process, which lives as long as the process."""

    plan: SweepPlan
    sweep: Sweep


def _begin(plan: SweepPlan, bounds: Limits, is_command_line: bool) -> None:  # noqa: FBT001 - as the pool calls it
    # Ctrl-C reaches all processes; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limits.using(bounds).__enter__()
    (surface.command_line() if is_command_line else nullcontext()).__enter__()
    _Worker.plan, _Worker.sweep = plan, Sweep(plan.study)


def _work(numbers: list[int]) -> tuple[Batch, float]:
    """The designs of some combinations, and the seconds that they took."""
    started = monotonic()
    batch = _select(_Worker.plan, list(_Worker.sweep.designs(numbers=numbers)))
    return batch, monotonic() - started
