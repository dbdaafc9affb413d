from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc import formats
from cnncalc.commands import _options
from cnncalc.errors import Problem, SpecError, quoted

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from cnncalc.layers.contract import LayerType


class TypeName(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """The name of a layer type; shells complete it and show its description."""

    name = "type"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from cnncalc import layers
        from cnncalc.reports.reference import summary_of

        found = layers.all_types().items()
        return [CompletionItem(name, help=summary_of(kind)) for name, kind in found if name.startswith(incomplete)]


@click.command("layers", short_help="List the layer types and their settings.")
@click.argument("type_name", metavar="[TYPE]", type=TypeName(), required=False)
@_options.format_option(*formats.DOCUMENT, "csv")
@_options.output_option
def command(type_name: str | None, form: str, output: str | None) -> None:
    """List the layer types and their settings; with TYPE, show all details of one.

    TYPE may also be a name from another framework, such as Conv2d, Dense or InnerProduct.

    The formats csv and latex have a table of the types, or of the settings of one.

    \b
    Examples:
      cnncalc layers
      cnncalc layers conv
      cnncalc layers Conv2d --format markdown
    """
    from cnncalc.reports import reference

    if type_name is None:
        report = reference.catalogue if form in ("csv", "latex") else reference.overview
        _options.write_report(report, form, output, record=reference.language_record)
        return
    facts = reference.reference(_find(type_name))
    _options.write_report(
        lambda: reference.settings_table(facts) if form in ("csv", "latex") else reference.document(facts),
        form,
        output,
        record=lambda: facts,
    )


def _find(name: str) -> type[LayerType]:
    """The layer type with this name, here or in another framework. If there is none, ends with status 2."""
    from cnncalc import layers
    from cnncalc.layers import foreign
    from cnncalc.spec import records as spec

    kind = layers.find(name)
    if kind is not None:
        return kind
    belongs = name in (*spec.CONTAINERS, *spec.MODIFIERS, *spec.NETWORK_MODIFIERS)
    elsewhere = () if belongs else foreign.find_types(name)
    if len(elsewhere) != 1:
        hint = "it belongs to the spec language; `cnncalc layers` describes it below the types"
        hint = hint if belongs else foreign.suggest_type(name, ()) or "`cnncalc layers` lists them"
        _options.fail(SpecError([Problem(None, f"unknown layer type {quoted(name)}", hint)]))
    return elsewhere[0]
