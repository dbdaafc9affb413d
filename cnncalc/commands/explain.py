from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnncalc.commands import _options
from cnncalc.problem import Problem, SpecError, did_you_mean, listed, plural
from cnncalc.report.explain import Options
from cnncalc.report.sentences import LANGUAGES

if TYPE_CHECKING:
    from cnncalc.network import Network

MOST_NAMED = 6


@click.command("explain", short_help="The worked arithmetic of a layer, or a network as a story.")
@_options.spec_argument
@click.argument("layer", required=False, shell_complete=_options.completer("layers"))
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], help="Language of the text.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Formulas in ASCII, as where the output is not Unicode.")
@_options.dtype_option
@_options.input_option
@_options.set_option
@_options.bounds_options
@_options.format_option("text", "json", "markdown", "latex")
@_options.output_option
def command(
    spec: str,
    layer: str | None,
    language: str,
    ascii_only: bool,  # noqa: FBT001 - click passes it by name
    dtype: str,
    inputs: tuple[tuple[str, str], ...],
    settings: tuple[tuple[str, str], ...],
    form: str,
    output: str | None,
) -> None:
    """The arithmetic of LAYER with the numbers in: sizes, parameters, operations, sharing and more.

    Without LAYER, the network as a story, stage by stage: sizes, and where parameters and work sit.
    """
    from cnncalc.analyses import explanation
    from cnncalc.report import document, explain, story

    network = _options.load(spec, settings, inputs)
    options = Options(language, dtype)
    if layer is None:
        tale = explanation.story(network)
        if form == "json":
            _options.write_lines(story.write_json(tale), output)
            return
        report = story.story(tale, options, spec)
    else:
        facts = explanation.explain(network, _find(network, layer))
        if form == "json":
            _options.write_lines(explain.write_json(facts, options), output)
            return
        report = explain.explanation(facts, options)
    if form == "markdown":
        lines = document.write_markdown(report)
    elif form == "latex":
        lines = document.write_latex(report)
    else:
        lines = document.write_text(
            report, _options.text_width(output), ascii_only=ascii_only or not _options.takes_unicode(output)
        )
    _options.write_lines(lines, output)


def _find(network: Network, name: str) -> str:
    """The layer of that name; where there is none, the command ends with status 2."""
    names = [layer.name for layer in network.layers]
    ending = [other for other in names if other.endswith(f".{name}")]
    if name not in names and len(ending) != 1:
        message, named = f"no layer is called {name!r}", ending
        inside = [other for other in names if other.startswith(f"{name}.")]
        if inside:
            message, named = f"{name!r} is no layer but a block of {plural(len(inside), 'layer')}", inside
        _options.fail(SpecError([Problem(None, message, _hint(name, named, names))]))
    return name if name in names else ending[0]


def _hint(name: str, named: list[str], names: list[str]) -> str:
    """Which layers might be meant: those that are `named` so, that begin so, or that are spelled nearly so."""
    named = named or [other for other in names if other.lower().startswith(name.lower())]
    if not named:
        return did_you_mean(name, names, "`cnncalc summary --depth all` shows all names")
    if len(named) > MOST_NAMED:
        return f"name one of {', '.join(named[:MOST_NAMED])} and {len(named) - MOST_NAMED} more"
    return f"did you mean {named[0]!r}?" if len(named) == 1 else f"name {listed(named, 'or')}"
