"""A file that a long run writes in parts: beside the file until it is complete, and continued after an interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import IO

from cnncalc.commands._options import Unwritable, check_output, file_mode
from cnncalc.errors import Problem, SpecError, listed

SUFFIX = ".part"
STATE_SUFFIX = ".part.json"
# Seconds between two saved states.
SAVE_EVERY = 1.0
LONGEST_STATE = 100_000


class PartialFile:
    """FILE.part, which becomes FILE at the end, and FILE.part.json, the state to continue from.

    `marks` tell runs apart: a run is only continued if all of them are equal. `done` is the number of finished designs.
    """

    def __init__(self, path: str, marks: Mapping[str, str], *, resume: bool) -> None:
        self.path = path
        self.marks = dict(marks)
        self.done = 0
        self.saved = monotonic()
        if not os.path.basename(path):
            raise Unwritable(path, "this is no name of a file")
        self.is_direct = check_output(path)
        if self.is_direct and resume:
            raise Unwritable(path, "--resume needs a regular file")
        start = self._state() if resume else None
        try:
            self.file = self._open(start)
        except OSError as error:
            raise Unwritable(path if self.is_direct else path + SUFFIX, error.strerror or str(error)) from None

    def _open(self, start: int | None) -> IO[str]:
        if self.is_direct:
            return open(self.path, "w", encoding="utf-8", errors="backslashreplace", newline="\n")
        # A link beside the file is not followed: nobody named its target.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self.path + SUFFIX, flags, 0o666)
        os.ftruncate(handle, start or 0)
        os.lseek(handle, 0, os.SEEK_END)
        return open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n")

    def _state(self) -> int | None:
        """The length of the part that is complete; None if the run has not begun. Raises SpecError."""
        beside = self.path + STATE_SUFFIX
        if not os.path.lexists(beside):
            if os.path.exists(self.path):
                message = f"{self.path}: no interrupted sweep of this file, as {beside} is missing"
                raise SpecError([Problem(None, message, "remove --resume to run the sweep anew")])
            return None
        broken = SpecError([Problem(None, f"{beside}: is not the state of a sweep", "remove --resume to start anew")])
        try:
            with open(beside, encoding="utf-8") as file:
                state = json.loads(file.read(LONGEST_STATE))
            length, done, marks = state["bytes"], state["designs"], dict(state["marks"])
            if not (type(length) is type(done) is int and 0 <= length <= os.path.getsize(self.path + SUFFIX)):
                raise broken
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            raise broken from None
        if marks != self.marks:
            changed = [key for key in self.marks if marks.get(key) != self.marks[key]]
            message = f"{self.path}{SUFFIX}: was written by another sweep: {listed(changed or ['options'])} differ"
            hint = "repeat the command as it was, or remove --resume to start anew"
            raise SpecError([Problem(None, message, hint)])
        self.done = done
        return int(length)

    def write(self, lines: list[str], done: int) -> None:
        """Write lines, after which `done` designs are finished."""
        self.file.writelines(f"{line}\n" for line in lines)
        self.done = done
        if monotonic() - self.saved >= SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Save the state, so that the run can be continued from here."""
        self.file.flush()
        if self.is_direct:
            return
        state = {"bytes": self.file.buffer.tell(), "designs": self.done, "marks": self.marks}  # type: ignore[attr-defined]
        beside = f"{self.path}{STATE_SUFFIX}"
        new = f"{beside}.new"
        with suppress(OSError):
            os.unlink(new)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace(new, beside)
        self.saved = monotonic()

    def finish(self) -> None:
        """Give the complete file its name."""
        self.file.flush()
        self.file.close()
        if not self.is_direct:
            os.chmod(self.path + SUFFIX, file_mode(self.path))
            os.replace(self.path + SUFFIX, self.path)
            self._remove(STATE_SUFFIX)

    def stop(self, *, keep: bool) -> None:
        """End early: keep what is there for --resume, or remove it."""
        with suppress(OSError):
            if keep and not self.file.closed:
                self.save()
            self.file.close()
        if not keep and not self.is_direct:
            self._remove(SUFFIX)
            self._remove(STATE_SUFFIX)

    def _remove(self, suffix: str) -> None:
        with suppress(OSError):
            os.unlink(self.path + suffix)
