"""The commands: read, ask, write, exit. One module each, loaded when it is named."""

from __future__ import annotations

import os
from importlib import import_module

import click

from cnncalc.problem import did_you_mean


class Commands(click.Group):
    """A group whose commands are the modules of this folder; `list` lives in list_.py."""

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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            known = self.list_commands(ctx)
            hint = did_you_mean(name, known, f"the commands are {', '.join(known)}")
            ctx.fail(f"there is no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cnncalc", message="%(prog)s %(version)s")
def cli() -> None:
    """Shapes, parameters and operations of convolutional networks, from a short YAML spec.

    SPEC is a file, the name of a bundled network (`cnncalc list`), or - for standard input.
    """
