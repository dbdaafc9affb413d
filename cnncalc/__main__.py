"""The program: `cnncalc` and `python -m cnncalc`."""

from __future__ import annotations

import gc
import os
import signal
import sys

TRACEBACK = "CNNCALC_TRACEBACK"
# What a run builds it keeps to its end, so that the collector seldom has to look through it all.
ALLOCATIONS = 1_000_000
RESERVE = 2**20


def main() -> None:
    """Run the command line.

    Status 0: all is well; 1: a check is broken; 2: what was given is unusable. 130 after Ctrl-C, 141 where nobody
    reads on, 143 and 129 where SIGTERM and SIGHUP end it; as of other programs.
    """
    # Where there is no memory left, it takes some to say so.
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
        # Whatever a file says, nobody gets a traceback who has not asked for one.
        if os.environ.get(TRACEBACK):
            raise
        from cnncalc.text import plain

        words = plain(f"{type(error).__name__}: {error}"[:200])
        _complain(f"this is a bug of cnncalc, not of yours: {words}; please report it, with what {TRACEBACK}=1 shows")
    # Here what the run had built is gone, which the error kept.
    if not reserve:
        _complain("there is not enough memory for this")


def _complain(words: str) -> None:
    sys.stderr.write(f"Error: {words}\n")
    sys.exit(2)


def _prepare() -> None:
    """See to memory, streams and signals."""
    gc.set_threshold(ALLOCATIONS)
    if sys.stdout is None:
        from cnncalc.commands._closed import Closed

        sys.stdout = Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it is open as long as the program runs
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a sign gets it escaped, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # Half a file is removed on the way out. What is ignored, as under nohup, stays so.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
