from __future__ import annotations

from collections.abc import Iterator

import click

from cnncalc import bundled
from cnncalc.analyses import conventions
from cnncalc.analyses.reconcile import Claim, ClaimVariant, match_claim, read_claim, reconcile
from cnncalc.commands import _options
from cnncalc.reports.reconcile import ReconcileView, reconcile_document, reconcile_table


def _read_claim(_: click.Context, __: click.Parameter, text: str | None) -> Claim | None:
    if text is None:
        return None
    claim = read_claim(text)
    if claim is None:
        raise click.BadParameter(f"{text!r} is not a number; write a published number such as 4.1G or 25.6M")
    return claim


# The most variables whose other value is tried for a claim.
MOST_VARIANTS = 8


def _find_variants(
    claim: Claim,
    spec: str,
    settings: tuple[tuple[str, str], ...],
    inputs: tuple[tuple[str, str], ...],
    keys: tuple[str, ...],
) -> Iterator[ClaimVariant]:
    """The variables of a spec that are true or false, and whose other value gives a claim."""
    from cnncalc.errors import SpecError
    from cnncalc.network import build
    from cnncalc.spec.decode import read_spec

    if spec == "-":
        return
    values = build.variables_of(read_spec(spec, settings, inputs), [])
    variables = [name for name, value in values.items() if isinstance(value, bool)]
    for name in variables[:MOST_VARIANTS]:
        setting = (name, "false" if values[name] else "true")
        others = tuple(pair for pair in settings if pair[0] != name)
        try:
            network = build.load(spec, (*others, setting), inputs)
        except SpecError:
            continue
        found = reconcile(network, bundled.find_name(spec), dict.fromkeys(keys))
        if matches := tuple(match_claim(claim, found)):
            yield ClaimVariant("=".join(setting), matches)


@click.command("reconcile", short_help="Show what other tools print for a network, and why.")
@_options.spec_argument
@click.option(
    "--convention",
    "keys",
    type=click.Choice(conventions.keys()),
    multiple=True,
    help="Show only this tool or convention; repeatable.",
)
@click.option(
    "--claim",
    callback=_read_claim,
    metavar="NUMBER",
    help="Search the conventions that give a published number, such as 4.1G or 25.6M.",
)
@_options.language_option
@_options.input_option
@_options.set_option
@_options.format_option("text", "json", "csv", "markdown", "latex", "html")
@_options.output_option
@_options.bounds_options
def command(
    spec: str,
    keys: tuple[str, ...],
    claim: Claim | None,
    language: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    form: str,
    output: str | None,
) -> None:
    """Show the operations and parameters that other tools print for a network, and explain each difference.

    The items of a difference sum exactly to it: biases, batch norms, activations, factor two, what a tool misses or
    counts twice. Tools that hook into PyTorch see modules and functions: bundled networks count as torchvision
    implements them, other layers as the module of their type, and sums and products as operators.

    \b
    Examples:
      cnncalc reconcile resnet50 --set stride_in_3x3=true
      cnncalc reconcile mobilenet_v2 --convention ptflops --convention thop
      cnncalc reconcile resnet50 --claim 4.1G
    """
    network = _options.load(spec, settings, inputs)
    found = reconcile(network, bundled.find_name(spec), dict.fromkeys(keys))
    variants: tuple[ClaimVariant, ...] = ()
    if claim and not any(match_claim(claim, found)):
        variants = tuple(_find_variants(claim, spec, settings, inputs, keys))
    view = ReconcileView(claim, language, variants)

    def record() -> object:
        from cnncalc.reports.reconcile_records import reconcile_record

        return reconcile_record(network, found, view)

    if form == "csv":
        _options.write_report(lambda: reconcile_table(found, view), form, output)
    else:
        _options.write_report(lambda: reconcile_document(network, found, view), form, output, record=record)
