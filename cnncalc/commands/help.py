from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc.commands import Commands

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class CommandName(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """The name of a command; shells complete it."""

    name = "command"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        root = ctx.find_root()
        return root.command.shell_complete(root, incomplete)


@click.command("help", short_help="Show the help of a command.")
@click.argument("name", metavar="[COMMAND]", type=CommandName(), required=False)
@click.pass_context
def command(context: click.Context, name: str | None) -> None:
    """Show the arguments and options of COMMAND; without it, all commands and the limits of specs.

    `cnncalc COMMAND --help` shows the same.

    \b
    Examples:
      cnncalc help
      cnncalc help summary
    """
    root = context.find_root()
    if name is None:
        click.echo(root.get_help())
        return
    assert isinstance(root.command, Commands)  # noqa: S101 - the group that this command belongs to
    found = root.command.find_command(root, name)
    with click.Context(found, info_name=name, parent=root) as inner:
        click.echo(inner.get_help())
