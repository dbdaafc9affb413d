"""Conditions on the figures of a design: `params < 5M and peak_memory < 4MiB`."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping

from cnncalc.errors import LONGEST_QUOTE, Problem, SpecError, did_you_mean, quoted
from cnncalc.spec.guards import UNITS
from cnncalc.syntax import expressions
from cnncalc.syntax.expressions import Expression, ExpressionError, Value, describe

SIZE = re.compile(rf"(?<![\w.])([0-9][0-9_]*(?:\.[0-9]+)?)\s*({'|'.join(UNITS)})(?!\w)")


class Condition:
    """A condition over the names of quantities and variables; `option` is what messages call it."""

    def __init__(self, text: str, known: Collection[str], option: str) -> None:
        """Raises SpecError if it is no expression, or uses a name that is not `known`."""
        self.text = text
        self.option = option
        plain, self.moved = _without_units(text)
        try:
            self.expression: Expression = expressions.parse(plain)
        except ExpressionError as error:
            raise self._error(error) from None
        for name, offset in self.expression.names:
            if name not in known:
                hint = did_you_mean(name, known, f"it can use {', '.join(sorted(known))}")
                raise self._error(ExpressionError(f"{quoted(name)} is not defined here", offset, hint))
        self.names = frozenset(name for name, _ in self.expression.names)

    def holds(self, names: Mapping[str, Value]) -> bool:
        """Whether it is true. It is not if a figure that it uses is unknown. Raises SpecError if it has no truth."""
        if any(names[name] is None for name in self.names):
            return False
        try:
            value = self.expression.evaluate(names)
        except ExpressionError as error:
            raise self._error(error) from None
        if isinstance(value, bool):
            return value
        message = f"takes true or false, not {describe(value)}"
        raise self._error(ExpressionError(message, 0, "compare it, such as params < 5M"))

    def _error(self, error: ExpressionError) -> SpecError:
        """The error with the place in the text as written."""
        number = bisect_right([place for place, _ in self.moved], error.offset) - 1
        offset = error.offset + (self.moved[number][1] if number >= 0 else 0)
        rest = self.text[offset:].strip()
        place = f", at character {offset + 1}: {quoted(rest[:LONGEST_QUOTE])}" if offset and rest else ""
        return SpecError([Problem(None, f"{self.option}: {error.message}{place}", error.hint)])


def _without_units(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text with sizes as numbers of bytes, and how far the text behind each of them has moved, by its new place."""
    parts, moved, end, length = [], [], 0, 0
    for match in SIZE.finditer(text):
        number = f"({match.group(1)} * {UNITS[match.group(2)]})"
        parts += [text[end : match.start()], number]
        length += match.start() - end + len(number)
        end = match.end()
        moved.append((length, end - length))
    return "".join([*parts, text[end:]]), moved
