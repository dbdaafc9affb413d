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


class _ProgressLine:
    """A line that is overwritten."""

    def __init__(self, label: str, count: int) -> None:
        self.label = label
        self.count = count
        self.written = 0

    def show(self, number: int, name: str) -> None:
        import shutil

        # A line that reaches the last column would wrap and could not be removed.
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
