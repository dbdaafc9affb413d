"""The sections of the page: the figures of a network, its checks, and the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.analyses.compare import Facts
from cnncalc.checks.finding import Check, Outcome
from cnncalc.checks.verdicts import limits_of, used, value_of
from cnncalc.formats import html
from cnncalc.formats.findings import message_of, rank
from cnncalc.languages import Speaker
from cnncalc.layers.shapes import DTYPES
from cnncalc.network.records import LayerGraph
from cnncalc.page import layers, pictures
from cnncalc.record import Record
from cnncalc.reports.compare.networks import ComparedNetwork, ComparisonView, compare_table
from cnncalc.reports.network_table import describe_inputs
from cnncalc.text import integer, percent, size

# The memory quantities among the totals.
MEMORY = ("peak_memory", "saved_for_backward")
MOST_FINDINGS = 500


class ReportedNetwork(Record):
    """A network of the page: the SPEC as given, its label among the others, its figures, and its checks.

    `overrides` are those that the configuration adds for the checks, as text.
    """

    reference: str
    label: str
    network: LayerGraph
    facts: Facts
    outcome: Outcome
    overrides: str = ""


class PageView(Record):
    """The options of the page."""

    language: str = "en"
    batch: int = 1
    dtype: str = "float32"

    @property
    def dtype_size(self) -> int:
        """The bytes of an element."""
        return DTYPES[self.dtype]


def network_section(reported: ReportedNetwork, number: int, view: PageView, say: Speaker) -> Iterator[str]:
    """Everything about one network. Its ids begin with n and its number on the page."""
    network, anchor = reported.network, f"n{number}"
    yield f'<section class="network" id="{anchor}">'
    yield f"<h1>{html.safe(network.name)}</h1>"
    if network.source:
        yield f"<p>{html.safe(network.source)}</p>"
    counted = say("counted", inputs=describe_inputs(network, row=say.row), batch=view.batch, dtype=view.dtype)
    yield f"<p>{html.safe(counted)}</p>"
    yield from _totals(reported, view, say)
    yield from pictures.drawing(network, view.language, say)
    yield from pictures.charts(network, view.language, view.batch, view.batch * view.dtype_size, say)
    yield from layers.table(network, view.batch, view.dtype, say)
    yield from _checks(reported, say)
    yield from layers.explanations(network, view.language, view.dtype, say)
    yield "</section>"


def _totals(reported: ReportedNetwork, view: PageView, say: Speaker) -> Iterator[str]:
    """The figures of a network, each with its exact number."""
    facts, element = reported.facts, view.dtype_size
    sums = facts.totals.inference
    peak, kept = (facts.memory[key] for key in MEMORY)
    figures = [
        (say("params"), integer(sums.params), size(sums.params * element)),
        (say("buffers"), integer(sums.buffers), size(sums.buffers * element)),
        (say("macs"), integer(sums.macs * view.batch), ""),
        (say("flops"), integer(sums.flops * view.batch), ""),
        (say("peak_memory"), say("unknown") if peak is None else size(peak), say("at_inference")),
        (say("kept"), say("unknown") if kept is None else size(kept), say("for_backward")),
        (say("depth"), integer(facts.totals.weight_layers), say("depth_note")),
        (say("layers"), integer(len(reported.network.layers)), ""),
    ]
    if facts.field:
        field = " x ".join(map(integer, dict.fromkeys(facts.field) if len(set(facts.field)) == 1 else facts.field))
        figures.append((say("field"), field, say("field_note")))
    yield '<dl class="totals">'
    for label, amount, note in figures:
        small = f" <small>{html.safe(note)}</small>" if note else ""
        yield f"<div><dt>{html.safe(label)}</dt><dd>{html.safe(amount)}{small}</dd></div>"
    yield "</dl>"


def _checks(reported: ReportedNetwork, say: Speaker) -> Iterator[str]:
    """The checks of the spec's own guards, and the findings of rules."""
    outcome = reported.outcome
    yield f"<h2>{html.safe(say('checks'))}</h2>"
    if reported.overrides:
        yield f"<p>{html.safe(say('overrides', overrides=reported.overrides))}</p>"
    if outcome.checks:
        names = [html.safe(say(key)) for key in ("quantity", "value", "limit", "used", "result")]
        heads = "".join(f'<th scope="col">{name}</th>' for name in names)
        yield f'<div class="wide"><table class="checks" aria-label="{html.safe(say("checks"))}">'
        yield f"<thead><tr>{heads}</tr></thead><tbody>"
        for check in outcome.checks:
            yield _check(check, say)
        yield "</tbody></table></div>"
    if not outcome.findings:
        yield f"<p>{html.safe(say('no_findings'))}</p>"
        return
    yield '<ul class="findings">'
    for finding in sorted(outcome.findings, key=rank)[:MOST_FINDINGS]:
        severity = finding.severity.value
        place = f"{finding.span}: " if finding.span else ""
        words = f"{html.safe(place)}{html.safe(message_of(outcome, finding))} [{html.safe(finding.code)}]"
        details = "".join(f"<br>{html.safe(detail)}" for detail in finding.details)
        yield f'<li class="{severity}"><b>{html.safe(say(f"{severity}_finding"))}</b> {words}{details}</li>'
    yield "</ul>"
    if len(outcome.findings) > MOST_FINDINGS:
        shown, total = integer(MOST_FINDINGS), integer(len(outcome.findings))
        yield f"<p>{html.safe(say('more_findings', shown=shown, total=total))}</p>"


def _check(check: Check, say: Speaker) -> str:
    share = used(check)
    cells = [check.subject, value_of(check), limits_of(check), f"{percent(share)} %" if share else ""]
    result = f'<td class="{check.state.value}">{html.safe(say(f"{check.state.value}_check"))}</td>'
    return f"<tr>{''.join(f'<td>{html.safe(cell)}</td>' for cell in cells)}{result}</tr>"


def compare_section(
    networks: Sequence[ReportedNetwork], view: PageView, notes: Sequence[tuple[str, str]], say: Speaker
) -> Iterator[str]:
    """The networks side by side, with notes below."""
    entries = [ComparedNetwork(each.reference, each.network, each.facts) for each in networks]
    table = compare_table(entries, ComparisonView(batch=view.batch, dtype=view.dtype), notes)
    yield '<section id="comparison">'
    yield f"<h1>{html.safe(say('comparison'))}</h1>"
    yield '<div class="wide">'
    yield from html.fragment(table, styled=False)
    yield "</div>"
    yield "</section>"
