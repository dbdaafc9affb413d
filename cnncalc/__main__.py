"""The program: `cnncalc` and `python -m cnncalc`."""

from __future__ import annotations

import gc
import os
import signal
import sys

TRACEBACK = "CNNCALC_TRACEBACK"
# A run keeps most of its objects to the end, so frequent garbage collections would find little.
ALLOCATIONS = 1_000_000
RESERVE = 2**20


def main() -> None:
    """Run the command line.

    Status 0: success; 1: a check failed; 2: the input cannot be used. As in other programs, 130 after Ctrl-C,
    141 if the reader of a pipe ends, 143 after SIGTERM and 129 after SIGHUP.
    """
    # Reserved memory, so that running out of memory can be reported.
    reserve = [bytearray(RESERVE)]
    try:
        _prepare()
        from cnncalc.commands import cli

        if os.environ.get("_CNNCALC_COMPLETE"):
            from cnncalc.commands import _shells

            sys.exit(_shells.run(cli, "cnncalc"))
        cli(prog_name="cnncalc")
    except KeyboardInterrupt:
        sys.exit(130)
    except MemoryError:
        reserve.clear()
    except Exception as error:
        # Users get a traceback only if they ask for one.
        if os.environ.get(TRACEBACK):
            raise
        from cnncalc.text import plain

        words = plain(f"{type(error).__name__}: {error}"[:200])
        _complain(f"this is a bug in cnncalc: {words}; report it with the traceback that {TRACEBACK}=1 shows")
    # Outside the except clause, where the error no longer keeps the run's objects in memory.
    if not reserve:
        _complain("out of memory; use a smaller spec or lower limits")


def _complain(words: str) -> None:
    sys.stderr.write(f"Error: {words}\n")
    sys.exit(2)


def _prepare() -> None:
    """Prepare memory, streams and signals."""
    gc.set_threshold(ALLOCATIONS)
    if sys.stdout is None:
        from cnncalc.commands._closed import Closed

        sys.stdout = Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it is open as long as the program runs
    for stream in (sys.stdout, sys.stderr):
        # Characters that the terminal's encoding lacks are escaped.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Ending by an exception removes partial files. Ignored signals, as under nohup, stay ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
