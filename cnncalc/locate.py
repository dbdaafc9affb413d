"""Where the text of a spec is: files, standard input, bundled networks, git revisions, and what they extend."""

from __future__ import annotations

import os
from typing import NamedTuple

from cnncalc import bundled, git, source
from cnncalc.problem import Problem, SpecError, did_you_mean
from cnncalc.source import MAX_BYTES, Mapping, Node, Scalar, kind


class Place(NamedTuple):
    """Where the text of a spec is: a file or `-`, or with a `revision` the file that git has there."""

    path: str
    shown: str
    revision: str = ""


class Document(NamedTuple):
    """A YAML mapping with the text it was read from; messages show its file as `shown`."""

    mapping: Mapping
    text: str
    shown: str


def locate(reference: str) -> Place:
    """Where a spec is: a file here, else a bundled network, else `revision:path` in git."""
    if reference == "-":
        return Place("-", "<stdin>")
    path = bundled.path(reference)
    if os.path.exists(reference) and not (path and os.path.isdir(reference)):
        return Place(reference, reference)
    if path is not None:
        return Place(path, os.path.basename(path))
    at_revision = git.split(reference)
    if at_revision is not None:
        revision, path = at_revision
        return Place(path, reference, revision)
    if os.path.dirname(reference):
        raise SpecError([Problem(None, f"{reference}: there is no such file")])
    hint = did_you_mean(reference.removesuffix(bundled.SUFFIX), bundled.names(), "`cnncalc list` shows the networks")
    raise SpecError([Problem(None, f"{reference}: there is no such file and no bundled network of that name", hint)])


def read(place: Place) -> str:
    """The text that stands there. Raises SpecError where it cannot be had."""
    data = git.read(place.revision, place.path, MAX_BYTES) if place.revision else source.read(place.path)
    return source.text_of(data, place.shown)


def chain_of(place: Place) -> tuple[Document, ...]:
    """The spec at a place and those that it extends, nearest first."""
    text = read(place)
    node = source.parse(text, place.shown)
    chain: list[Document] = []
    identities: list[tuple[str, str]] = []
    while True:
        if not isinstance(node, Mapping):
            message = f"a spec is a mapping with input: and layers:, not {kind(node)}"
            raise SpecError([Problem(node.span, message)])
        chain.append(Document(node, text, place.shown))
        identities.append(_identity(place))
        base = node.get("extends")
        if base is None:
            return tuple(chain)
        place = _locate_base(base, place)
        if _identity(place) in identities:
            message = f"extends goes in a circle: {os.path.basename(place.path)} is extended already"
            raise SpecError([Problem(base.span, message, "a spec starts from one that does not start from it")])
        try:
            text = read(place)
            node = source.parse(text, place.shown)
        except SpecError as error:
            if any(problem.span is None for problem in error.problems):
                raise SpecError(
                    [Problem(base.span, problem.message, problem.hint) for problem in error.problems]
                ) from None
            raise


def _identity(place: Place) -> tuple[str, str]:
    return place.revision, os.path.realpath(place.path)


def _locate_base(base: Node, place: Place) -> Place:
    """The file that `extends` names: of the same folder, else bundled."""
    if not isinstance(base, Scalar) or base.is_null:
        raise SpecError([Problem(base.span, f"extends takes the name of one spec, not {kind(base)}")])
    name = base.text
    if os.path.basename(name) != name or name in (".", ".."):
        message = f"extends takes a file of the same folder or a bundled network, not the path {name!r}"
        raise SpecError([Problem(base.span, message, "copy the file beside this one")])
    folder = "" if place.path == "-" else os.path.dirname(place.path)
    beside = os.path.join(folder, name)
    if place.revision:
        if git.exists(place.revision, beside):
            return Place(beside, f"{place.revision}:{beside}", place.revision)
    elif os.path.isfile(beside):
        return Place(beside, beside if folder != bundled.folder() else name)
    bundled_path = bundled.path(name)
    if bundled_path is not None:
        return Place(bundled_path, os.path.basename(bundled_path))
    hint = did_you_mean(name.removesuffix(bundled.SUFFIX), bundled.names())
    message = f"extends {name!r}: there is no such file in this folder and no bundled network of that name"
    raise SpecError([Problem(base.span, message, hint)])
