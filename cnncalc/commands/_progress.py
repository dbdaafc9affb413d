"""How far a long run has come, on standard error: a line that comes after a second and leaves no trace."""

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


@contextmanager
def progress(items: Collection[Item], label: str) -> Iterator[Iterator[Item]]:
    """Go through items, and show which one it is where that takes longer than PATIENCE seconds.

    with progress(files, "reading") as each:
        for file in each: ...

    The line is gone when the block ends, however it ends. Nothing is shown unless standard output and
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


class _ProgressLine:
    """A line that is written over itself."""

    def __init__(self, label: str, count: int) -> None:
        self.label = label
        self.count = count
        self.written = 0

    def show(self, number: int, name: str) -> None:
        import shutil

        # In the last column a line would be folded, and stay.
        room = shutil.get_terminal_size().columns - 1
        text = plain(f"{self.label} {number} of {self.count}: {name}")
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
