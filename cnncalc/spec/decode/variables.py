"""The variables of a spec, which override those of the specs that it extends."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from cnncalc import limits, surface
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, listed, quoted
from cnncalc.limits import Problems
from cnncalc.spec.decode.keys import check_value_name, sections
from cnncalc.spec.locate import ParsedFile
from cnncalc.spec.records import Spec, variables_used
from cnncalc.spec.templates import Constant, Template, TemplateReader
from cnncalc.syntax.expressions import UNKNOWN
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence


def decode_variables(
    chain: tuple[Mapping, ...], settings: Iterable[tuple[str, str]], words: Container[str], problems: Problems
) -> dict[str, Template]:
    """The template of each variable, those of the base first; each may use the variables before it.

    `settings` replace values, as text; `words` are values as well.
    """
    nodes: dict[str, Node] = {}
    hint = "write name: value on a line below it, without a dash"
    for entries in sections(chain, "variables", "names to values", hint, problems):
        for key, value in entries:
            if check_value_name(key.text, key.span, "a variable", problems):
                nodes[key.text] = value
                _refuse_too_many(nodes, key.span, problems)
    for name, text in settings:
        if name in nodes:
            nodes[name] = Scalar(text.strip(), True, Span(surface.variable(name, text), 0, 1), literal=False)
        else:
            known = f"the variables are {', '.join(nodes)}" if nodes else "the spec has no variables"
            message = f"{surface.variable(name)}: the spec has no variable {quoted(name)}"
            problems.report(None, message, did_you_mean(name, nodes, known))
    variables: dict[str, Template] = {}
    elsewhere = dict.fromkeys(nodes, "move it up: it is defined below")
    reader = TemplateReader(problems, variables.keys(), tensor=False, elsewhere=elsewhere, words=words)
    for name, node in nodes.items():
        elsewhere[name] = "remove it: a variable cannot use itself"
        template = reader.template(node, words=True)
        if isinstance(template, Constant) and template.value is None:
            problems.report(node.span, f"the variable {name!r} has no value", "write a value after the colon")
            template = None
        # An invalid variable still exists, so that its uses are not reported, too.
        variables[name] = template or Constant(UNKNOWN, node.span)
        del elsewhere[name]
    return variables


def _refuse_too_many(variables: dict[str, Node], span: Span, problems: Problems) -> None:
    """Raise SpecError above the limit, because each expression and each block is read with all variables."""
    most = limits.current().variables
    if len(variables) > most:
        message = f"the spec has more than {most:,} variables"
        raise SpecError([*problems, Problem(span, message, limits.raised("variables"))])


def report_unused_additions(documents: tuple[ParsedFile, ...], spec: Spec, problems: Problems) -> None:
    """Report variables of a spec with `extends` that its base does not have and nothing uses: probably misspelled."""
    chain = tuple(document.mapping for document in documents)
    known: dict[str, None] = {}
    added: list[tuple[int, Scalar, list[str]]] = []
    for place, mapping in reversed(list(enumerate(chain))):
        node = mapping.get("variables")
        keys = [key for key, _ in node.entries] if isinstance(node, Mapping) else []
        if documents[place].bases:
            before = list(known)
            added += [(place, key, before) for key in keys if key.text in spec.variables and key.text not in known]
        known.update(dict.fromkeys(key.text for key in keys))
    if not added:
        return
    used = variables_used(spec)
    if problems:
        # Values with problems are missing from the templates.
        used.update(*map(_words_in, chain))
    # Values that a nearer spec overrides are missing from the templates, too.
    replaced = {place for place, key, _ in added if place and key.text not in used}
    words = {place: _words_in(chain[place]) for place in replaced}
    for place, key, before in added:
        if key.text not in used and key.text not in words.get(place, ()):
            bases = documents[place].bases
            owner, verb = ("it", "has") if len(bases) == 1 else ("they", "have")
            message = f"{listed(bases)} {verb} no variable {quoted(key.text)}, and nothing uses it here"
            hint = f"{owner} {verb} {listed(before)}" if before else f"{owner} {verb} no variables"
            problems.report(key.span, message, did_you_mean(key.text, before, hint))


def _words_in(spec: Mapping) -> set[str]:
    """The words of a spec's text, except the names of its variables."""
    words: set[str] = set()
    waiting: list[Node] = []
    for key, value in spec.entries:
        if key.text == "variables" and isinstance(value, Mapping):
            waiting += [inner for _, inner in value.entries]
        else:
            waiting.append(value)
    done: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            words.update(re.findall(r"\w+", node.text))
        elif id(node) not in done:
            done.add(id(node))
            waiting += node.items if isinstance(node, Sequence) else [part for entry in node.entries for part in entry]
    return words
