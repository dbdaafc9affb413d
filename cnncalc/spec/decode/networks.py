"""Networks as items, and the specs that they are. Loaded only for a spec that has such an item."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from cnncalc.errors import Problem, Span, SpecError, did_you_mean, listed, quoted
from cnncalc.limits import Problems
from cnncalc.spec.decode.context import Context, NetworkUse
from cnncalc.spec.decode.keys import list_nodes
from cnncalc.spec.locate import Intake, ParsedFile, Place, identify, locate_beside, read_chain
from cnncalc.spec.records import NETWORK, Identity, NetworkCall, Spec
from cnncalc.spec.templates import Constant, Template
from cnncalc.syntax.expressions import UNKNOWN
from cnncalc.syntax.source import Mapping, Node, Scalar, kind

Decoder: TypeAlias = "Callable[[tuple[ParsedFile, ...]], tuple[Spec, list[NetworkUse]]]"

# How many files the message about a network in itself names.
MOST_NAMED = 6


def decode_network(
    key: Scalar, reference: Node, beside: dict[str, Node], context: Context
) -> tuple[str, NetworkCall | None]:
    """The word that an item is called after, and its network; None if it cannot be used.

    `beside` has the keys of NETWORK_MODIFIERS. The network itself is read once the whole spec is.
    """
    before = len(context.problems)
    settings: dict[str, Template] = {}
    names: tuple[Scalar, ...] = ()
    node = beside.get("set")
    if isinstance(node, Mapping):
        names = tuple(name for name, _ in node.entries)
        for name, value in node.entries:
            settings[name.text] = context.reader.template(value) or Constant(UNKNOWN, value.span)
    elif node is not None and not node.is_null:
        hint = "such as {classes: 10}"
        context.problems.report(node.span, f"set takes a mapping of variables to values, not {kind(node)}", hint)
    outputs = [context.reader.name(value, "outputs") for value in list_nodes(beside.get("outputs"))]
    try:
        place = _locate(key, reference, context.documents)
    except SpecError as error:
        with_places = [problem._replace(span=problem.span or reference.span) for problem in error.problems]
        context.problems.extend(with_places)
        return NETWORK, None
    word = re.sub(r"[^\w/+-]", "_", os.path.splitext(os.path.basename(place.path))[0]) or NETWORK
    if len(context.problems) > before:
        return word, None
    context.uses.append(NetworkUse(place, reference, names))
    return word, NetworkCall(identify(place), settings, tuple(name for name in outputs if name is not None))


def _locate(key: Scalar, reference: Node, documents: tuple[ParsedFile, ...]) -> Place:
    """The file of the network that an item names: beside the file that the item is in, else bundled."""
    own = next(document.place for document in documents if document.shown == key.span.file)
    if isinstance(reference, Scalar) and reference.is_null:
        raise SpecError([Problem(key.span, "network names no network", "write the name behind it: network: resnet50")])
    return locate_beside(reference, own, NETWORK)


def add_networks(spec: Spec, documents: tuple[ParsedFile, ...], uses: list[NetworkUse], decode: Decoder) -> Spec:
    """The spec with all networks that its items use, directly or through others. Each is read and decoded once."""
    intake = Intake(documents)
    root = identify(documents[0].place)
    networks: dict[Identity, Spec] = {}
    failed: set[Identity] = set()
    calls: dict[Identity, dict[Identity, NetworkUse]] = {root: {}}
    problems = Problems(spec.problems)
    texts = dict(spec.texts)
    waiting = [(root, use) for use in reversed(uses)]
    while waiting:
        user, use = waiting.pop()
        found = identify(use.place)
        calls[user].setdefault(found, use)
        if found not in networks and found not in failed and found != root:
            failed.add(found)
            calls[found] = {}
            try:
                chain = read_chain(use.place, intake, use.reference)
                inner, more = decode(chain)
            except SpecError as error:
                for problem in error.problems:
                    problems.append(note_use(problem, use.reference.span))
                continue
            texts.update(inner.texts)
            if inner.problems:
                for problem in inner.problems:
                    problems.append(note_use(problem, use.reference.span))
            elif inner.is_library:
                message = f"{quoted(use.place.shown)} is a library of blocks and has no layers"
                problems.report(use.reference.span, message, "name it in extends:, and use its blocks")
            else:
                failed.discard(found)
                networks[found] = inner
            waiting += [(found, each) for each in reversed(more)]
        if found in networks:
            _report_unknown_variables(use, networks[found], problems)
    for circular in _report_circles(root, spec.file, calls, problems):
        networks.pop(circular, None)
    for each in list(networks):
        networks[each] = networks[each]._replace(networks=networks)
    return spec._replace(problems=tuple(dict.fromkeys(problems)), networks=networks, texts=tuple(texts.items()))


def note_use(problem: Problem, span: Span) -> Problem:
    """A problem inside a network, with the place that uses it."""
    if problem.span is None or problem.span.file == span.file:
        return problem
    return problem._replace(message=f"{problem.message} (used at {span})")


def _report_unknown_variables(use: NetworkUse, network: Spec, problems: Problems) -> None:
    """Report variables that an item sets and its network does not have."""
    for name in use.variables:
        if name.text not in network.variables:
            known = f"its variables are {listed(network.variables)}" if network.variables else "it has no variables"
            message = f"{use.place.shown} has no variable {quoted(name.text)}"
            problems.report(name.span, message, did_you_mean(name.text, network.variables, known))


def _report_circles(
    root: Identity, file: str, calls: dict[Identity, dict[Identity, NetworkUse]], problems: Problems
) -> Iterator[Identity]:
    """Report networks that contain themselves, directly or through others, and yield those of each circle."""
    above: dict[Identity, str] = {root: file}
    waiting = [iter(calls[root].items())]
    done: set[Identity] = set()
    while waiting:
        for found, use in waiting[-1]:
            if found in above:
                circle = list(above)[list(above).index(found) :]
                shown = [above[each] for each in circle]
                way = " -> ".join((*shown[:MOST_NAMED], *["..."][: len(shown) > MOST_NAMED], shown[0]))
                problems.report(use.reference.span, f"a network cannot contain itself: {way}", "remove an item")
                yield from circle
            elif found not in done:
                above[found] = use.place.shown
                waiting.append(iter(calls[found].items()))
                break
        else:
            waiting.pop()
            done.add(above.popitem()[0])
