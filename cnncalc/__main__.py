"""The program: `cnncalc` and `python -m cnncalc`."""

from cnncalc.commands import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="cnncalc")


if __name__ == "__main__":
    main()
