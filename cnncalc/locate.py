"""Where the text of a spec is: files, standard input, bundled networks, and what they extend."""

from __future__ import annotations

import os

from cnncalc import bundled, source
from cnncalc.problem import Problem, SpecError, did_you_mean
from cnncalc.source import Mapping, Node, Scalar, kind


def locate(reference: str) -> tuple[str, str]:
    """The path of a spec and the name it is shown by: a file here, else a bundled network."""
    if reference == "-":
        return "-", "<stdin>"
    path = bundled.path(reference)
    if os.path.exists(reference) and not (path and os.path.isdir(reference)):
        return reference, reference
    if path is not None:
        return path, os.path.basename(path)
    if os.path.dirname(reference):
        raise SpecError([Problem(None, f"{reference}: there is no such file")])
    hint = did_you_mean(reference.removesuffix(bundled.SUFFIX), bundled.names(), "`cnncalc list` shows the networks")
    raise SpecError([Problem(None, f"{reference}: there is no such file and no bundled network of that name", hint)])


def chain_of(node: Node, path: str) -> list[Mapping]:
    """The spec's mapping and those of the specs it extends, nearest first."""
    chain: list[Mapping] = []
    paths: list[str] = []
    while True:
        if not isinstance(node, Mapping):
            message = f"a spec is a mapping with input: and layers:, not {kind(node)}"
            raise SpecError([Problem(node.span, message)])
        chain.append(node)
        paths.append(os.path.realpath(path))
        base = node.get("extends")
        if base is None:
            return chain
        path, shown = _locate_base(base, path)
        if os.path.realpath(path) in paths:
            message = f"extends goes in a circle: {os.path.basename(path)} is extended already"
            raise SpecError([Problem(base.span, message, "a spec starts from one that does not start from it")])
        try:
            node = source.parse(source.read(path, shown), shown)
        except SpecError as error:
            if any(problem.span is None for problem in error.problems):
                raise SpecError(
                    [Problem(base.span, problem.message, problem.hint) for problem in error.problems]
                ) from None
            raise


def _locate_base(base: Node, path: str) -> tuple[str, str]:
    """The file that `extends` names: of the same folder, else bundled."""
    if not isinstance(base, Scalar) or base.is_null:
        raise SpecError([Problem(base.span, f"extends takes the name of one spec, not {kind(base)}")])
    name = base.text
    if os.path.basename(name) != name or name in (".", ".."):
        message = f"extends takes a file of the same folder or a bundled network, not the path {name!r}"
        raise SpecError([Problem(base.span, message, "copy the file beside this one")])
    folder = "" if path == "-" else os.path.dirname(path)
    beside = os.path.join(folder, name)
    if os.path.isfile(beside):
        return beside, beside if folder != bundled.folder() else name
    bundled_path = bundled.path(name)
    if bundled_path is not None:
        return bundled_path, os.path.basename(bundled_path)
    hint = did_you_mean(name.removesuffix(bundled.SUFFIX), bundled.names())
    message = f"extends {name!r}: there is no such file in this folder and no bundled network of that name"
    raise SpecError([Problem(base.span, message, hint)])
