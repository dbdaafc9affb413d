"""The commands: read, compute, write, exit. One module per command, loaded on demand."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from importlib import import_module
from typing import Any

import click

import cnncalc
from cnncalc import surface
from cnncalc.errors import SpecError, did_you_mean
from cnncalc.text import plain

# Errors of click with several lines; the second exists from click 8.2 on.
QUOTING_NOTHING = (click.MissingParameter, getattr(click.exceptions, "NoArgsIsHelpError", click.MissingParameter))
UNUSABLE = 2
# The exit status of a program that a signal ended: 128 plus the number of SIGINT or SIGPIPE.
INTERRUPTED = 130
NOBODY_READS = 141


@contextmanager
def _orderly() -> Iterator[None]:
    """End a run with at most one line and with its status, whatever happens to its streams.

    Ctrl-C and a reader that has ended, such as `head`, are not errors and need no message. Output must arrive,
    so the buffer is flushed here, where it may fail. All errors end here, so that none writes text that acts
    on a terminal or a CI system.
    """
    try:
        try:
            yield
        except SpecError as error:
            from cnncalc.commands import _options

            _options.fail(error)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        _leave_unwritten()
        raise SystemExit(NOBODY_READS) from None
    except SpecError as error:
        # An analysis that exceeds the limit of work.
        from cnncalc.commands import _options

        _options.fail(error)
    except OSError as error:
        _leave_unwritten()
        # A missing file without a name is the current folder, which may be removed during the run.
        unnamed = "the current folder" if isinstance(error, FileNotFoundError) else "standard output"
        what = error.filename or unnamed
        # If even this cannot be written, the status is enough.
        with suppress(OSError):
            click.echo(plain(f"Error: {what}: {error.strerror or error}"), err=True)
        raise SystemExit(UNUSABLE) from None
    except QUOTING_NOTHING:
        raise
    except click.ClickException as error:
        # Usage errors quote the command line, which may be untrusted.
        raise click.UsageError(plain(error.format_message()), getattr(error, "ctx", None)) from None


def _leave_unwritten() -> None:
    """Drop the rest of the buffer, which Python would otherwise try to write at exit."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Commands(click.Group):
    """A group whose commands are the modules of this folder; `list` is in list_.py."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        folder = os.path.dirname(__file__)
        names = (name[:-3] for name in os.listdir(folder) if name.endswith(".py") and name[0] != "_")
        return sorted(name.rstrip("_") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        for module in (cmd_name, f"{cmd_name}_"):
            if os.path.exists(os.path.join(os.path.dirname(__file__), f"{module}.py")):
                command: click.Command = import_module(f"{__name__}.{module}").command
                return command
        return None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the limits of specs, for the option --limit of many commands."""
        from cnncalc import limits

        bounds = limits.Limits()
        with formatter.section("Limits of specs (--limit LIMIT=N)"):
            formatter.write_dl([(f"{key}={getattr(bounds, key):,}", words) for key, words in limits.DOCS.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        # Click writes usage errors itself, which may also fail. A separate context discards limits that options set
        # before an error.
        with surface.command_line(), _orderly():
            return copy_context().run(super().main, *args, **extra)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with _orderly():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _orderly():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        # During completion, the command line may contain anything.
        if not name.startswith("-") and not ctx.resilient_parsing:
            self.find_command(ctx, name)
        return super().resolve_command(ctx, args)

    def find_command(self, ctx: click.Context, name: str) -> click.Command:
        """The command with a name. Raises a usage error if there is none."""
        command = self.get_command(ctx, name)
        if command is None:
            known = self.list_commands(ctx)
            from cnncalc import bundled

            hint = did_you_mean(name, known, f"the commands are {', '.join(known)}")
            if bundled.path(name) or os.path.isfile(name):
                hint = f"write `cnncalc summary {name}`" if name.isprintable() else hint
            ctx.fail(f"unknown command {name!r}; {hint}")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(cnncalc.__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """Calculate shapes, parameters and operations of convolutional networks from short YAML specs.

    SPEC is a file, the name of a bundled network (`cnncalc list`), a file at a git revision (main:design.yaml), or -
    for standard input. `cnncalc help COMMAND` shows the options of a command.

    \b
    Examples:
      cnncalc summary vgg16
      cnncalc explain alexnet conv1
      cnncalc check design.yaml --max params=5M
    """
