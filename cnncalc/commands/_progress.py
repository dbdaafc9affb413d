"""Progress of long runs on standard error: a line that appears after a second and is removed at the end."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

from cnncalc.formats.terminal import columns_of
from cnncalc.text import plain

Item = TypeVar("Item")

PATIENCE = 1.0
# Seconds between two changes of a rate.
INTERVAL = 0.2


@contextmanager
def progress(items: Collection[Item], label: str) -> Iterator[Iterator[Item]]:
    """Iterate over items, and show the current one if that takes longer than PATIENCE seconds.

    with progress(files, "reading") as each:
        for file in each: ...

    The line is removed when the block ends, also after errors. Nothing is shown unless standard output and
    standard error are both terminals: a pager shares the screen with standard error.
    """
    line = _ProgressLine(label, len(items))
    try:
        yield _shown(items, line) if len(items) > 1 and _is_watched() else iter(items)
    finally:
        line.clear()


def _shown(items: Collection[Item], line: _ProgressLine) -> Iterator[Item]:
    start = monotonic()
    for number, item in enumerate(items, start=1):
        if monotonic() - start >= PATIENCE:
            line.show(number, str(item))
        yield item


def _is_watched() -> bool:
    return sys.stdout.isatty() and sys.stderr.isatty()


class RateLine:
    """The progress of a run of many steps: how many are done, how many a second, and the time that is left."""

    def __init__(self, noun: str, total: int, *, is_watched: bool, done: int = 0) -> None:
        self.line = _ProgressLine(noun, total)
        self.is_watched = is_watched
        self.begun = monotonic()
        self.shown = self.begun + PATIENCE - INTERVAL
        self.before = done

    def step(self, done: int) -> None:
        """Show that `done` steps are finished."""
        now = monotonic()
        if not self.is_watched or now - self.shown < INTERVAL:
            return
        self.shown = now
        rate = (done - self.before) / (now - self.begun)
        left = f", {_duration((self.line.count - done) / rate)} left" if rate else ""
        self.line.fit(f"{done:,} of {self.line.count:,} {self.line.label}, {rate:,.0f} per second{left}")

    def clear(self) -> None:
        self.line.clear()


def _duration(seconds: float) -> str:
    """A time such as 40 s, 12 min or 3 h 20 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class _ProgressLine:
    """A line that is overwritten."""

    def __init__(self, label: str, count: int) -> None:
        self.label = label
        self.count = count
        self.written = 0

    def show(self, number: int, name: str) -> None:
        self.fit(plain(f"{self.label} {number} of {self.count}: {name}"))

    def fit(self, text: str) -> None:
        """Write as much of a text as fits."""
        import shutil

        # A line that reaches the last column would wrap and could not be removed.
        room = shutil.get_terminal_size().columns - 1
        while columns_of(text) > room:
            text = text[:-1]
        self.write(text)

    def write(self, text: str) -> None:
        wide = columns_of(text)
        sys.stderr.write(f"\r{text}{' ' * (self.written - wide)}")
        sys.stderr.flush()
        self.written = wide

    def clear(self) -> None:
        if self.written:
            self.write("")
            sys.stderr.write("\r")
            sys.stderr.flush()
