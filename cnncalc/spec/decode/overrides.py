"""New settings for single layers. Loaded only for a spec that has some."""

from __future__ import annotations

from cnncalc.errors import Span
from cnncalc.spec.decode.keys import sections
from cnncalc.spec.records import Override
from cnncalc.spec.templates import Template, TemplateReader
from cnncalc.syntax.source import Mapping, kind

HINT = "such as conv5_1: {filters: 1024}"


def decode_overrides(chain: tuple[Mapping, ...], reader: TemplateReader) -> tuple[Override, ...]:
    """The overrides of a spec and of those that it extends (`chain`, the nearest first), in the order they apply."""
    problems = reader.problems
    found: list[Override] = []
    for entries in sections(chain, "override", "names of layers to settings", HINT, problems):
        for name, node in entries:
            if not isinstance(node, Mapping):
                message = f"override takes the settings of {name.text!r} by name, not {kind(node)}"
                problems.report(node.span, message, HINT)
                continue
            settings: dict[str, tuple[Span, Template]] = {}
            for key, value in node.entries:
                template = reader.without_tensor.template(value)
                if template is not None:
                    settings[key.text] = key.span, template
            found.append(Override(name.text, settings, name.span))
    return tuple(found)
