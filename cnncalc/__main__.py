"""The program: `cnncalc` and `python -m cnncalc`."""

import sys

from cnncalc.commands import cli


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a sign gets it escaped, not a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="cnncalc")


if __name__ == "__main__":
    main()
