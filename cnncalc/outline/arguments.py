"""Values that differ between the runs of a block -> its parameters, and expressions over them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from cnncalc.outline.tree import FormulaText, OutlineParameter, Varying, is_same, words_in
from cnncalc.record import Record

INCOMING = "in_channels"
# Multiples and parts that people write, likely ones first.
RATIOS = (2, 4, 3, 6, 8, 5, 16)
# The value of a setting in a run that lacks the layer.
ABSENT: object = object()


class ValueColumn(Record):
    """The values of one setting in all runs, ABSENT where the layer is, and the channels that the layer reads.

    If the layer `reads_start`, these are the channels that the run reads.
    """

    role: str
    values: list[object]
    channels: list[int]
    reads_start: bool = False


class _Argument:
    """A parameter as it is found, with its value in each run; `formula` is a default that fits all of them."""

    def __init__(self, name: str, role: str, values: list[object], formula: FormulaText | None = None) -> None:
        self.name = name
        self.role = role
        self.values = values
        self.formula = formula

    def takes(self, values: list[object]) -> bool:
        """Whether other values are the same wherever both are known; then they complete these."""
        both = [
            (own, other)
            for own, other in zip(self.values, values, strict=True)
            if own is not ABSENT and other is not ABSENT
        ]
        if not both or any(not is_same(own, other) for own, other in both):
            return False
        self.values = [other if own is ABSENT else own for own, other in zip(self.values, values, strict=True)]
        return True


class ArgumentTable:
    """Expresses columns of values by parameters."""

    def __init__(self, channels: list[int]) -> None:
        self.channels = channels
        self.found: list[_Argument] = []
        # Multiples of channels, which conditions may compare.
        self.widths: dict[str, None] = {}
        # Whether every value means the same as an argument.
        self.is_valid = True

    def express(self, column: ValueColumn, wanted: str) -> object:
        """A value for a column: a literal, or an expression over parameters."""
        known = [given for given in column.values if given is not ABSENT]
        # In a body, an expression names parameters of another block; only the incoming channels are known everywhere.
        words = {word for given in known for word in words_in(given)}
        if all(is_same(given, known[0]) for given in known) and words <= {INCOMING}:
            return known[0]
        if INCOMING in words and not column.reads_start:
            self.is_valid = False
        if any(isinstance(given, Varying) for given in known):
            return self._express_varying(column, wanted)
        found = self._derive(column, wanted)
        if column.role == "filters" and isinstance(found, FormulaText):
            self.widths[found.text] = None
        return found

    def _express_varying(self, column: ValueColumn, wanted: str) -> object:
        parts = []
        kinds = {given.alternates for given in column.values if isinstance(given, Varying)}
        for key in ("first", "rest"):
            values = [getattr(given, key) if isinstance(given, Varying) else given for given in column.values]
            parts.append(self.express(column._replace(values=values, channels=[0] * len(values)), wanted))
        return Varying(parts[0], parts[1], alternates=kinds == {True})

    def _derive(self, column: ValueColumn, wanted: str) -> FormulaText:
        peers = [one for one in self.found if one.role == column.role]
        for one in peers:
            if one.takes(column.values):
                return FormulaText(one.name)
        if column.role == "filters" and (found := self._scaled(column, peers)):
            return found
        name = self._new_name(wanted)
        self.found.append(_Argument(name, column.role, column.values))
        return FormulaText(name)

    def _scaled(self, column: ValueColumn, peers: list[_Argument]) -> FormulaText | None:
        """A multiple or a part of other channels."""
        for one in peers:
            if text := _ratio(one.name, one.values, column.values):
                return FormulaText(text)
        if all(column.channels):
            given = [
                channels if value is not ABSENT else ABSENT
                for channels, value in zip(column.channels, column.values, strict=True)
            ]
            if text := _ratio("in_channels", given, column.values):
                return FormulaText(text)
        if all(self.channels) and (text := _ratio("in_channels", list(self.channels), column.values)):
            name = self._new_name("inner")
            self.found.append(_Argument(name, column.role, column.values, FormulaText(text)))
            return FormulaText(name)
        return None

    def flag(self, wanted: str, values: list[object]) -> str:
        """A parameter that is true or false."""
        for one in self.found:
            if one.role == "flag" and one.takes(values):
                return one.name
        name = self._new_name(wanted)
        self.found.append(_Argument(name, "flag", values))
        return name

    def fill(self) -> None:
        """Give parameters a value in the runs that do not use them: the usual one, or that of the incoming channels."""
        for one in self.found:
            usual = Counter(map(_key, (v for v in one.values if v is not ABSENT))).most_common(1)[0][0]
            default = next(v for v in one.values if v is not ABSENT and _key(v) == usual)
            for number, given in enumerate(one.values):
                if given is ABSENT:
                    is_width = one.role == "filters" and self.channels[number]
                    one.values[number] = self.channels[number] if is_width else default

    def parameters(self) -> tuple[OutlineParameter, ...]:
        found = []
        for one in self.found:
            default: object = one.formula
            (usual, count), *_ = Counter(map(_key, one.values)).most_common(1)
            value = next(value for value in one.values if _key(value) == usual)
            # An expression means nothing in a signature: it is over the names of another block.
            is_literal = not isinstance(value, FormulaText | Varying)
            if default is None and is_literal and one.role != "filters" and count >= max(2, len(one.values) / 2):
                default = value
            found.append(OutlineParameter(one.name, one.role, default))
        return tuple(sorted(found, key=lambda one: one.default is not None))

    def arguments(self, number: int, parameters: Sequence[OutlineParameter]) -> dict[str, object]:
        """The arguments of a run, in the order of the parameters, without those that equal defaults."""
        values = {one.name: one.values[number] for one in self.found if one.formula is None}
        return {
            one.name: values[one.name]
            for one in parameters
            if one.name in values and not (one.default is not None and is_same(values[one.name], one.default))
        }

    def _new_name(self, wanted: str) -> str:
        names = {one.name for one in self.found}
        wanted = re.sub(r"_?[0-9]+$", "", wanted) or "value"
        return next(name for name in (wanted, *(f"{wanted}{n}" for n in range(2, 1000))) if name not in names)


def _key(value: object) -> tuple[type, object]:
    return type(value), value


def _ratio(name: str, base: Sequence[object], values: Sequence[object]) -> str:
    """The multiple of one column that another is, such as `width * 4`; empty if it is none."""
    pairs = [(own, value) for own, value in zip(base, values, strict=True) if value is not ABSENT]
    numbers = [(own, value) for own, value in pairs if isinstance(own, int) and isinstance(value, int)]
    # One ratio of one pair proves nothing.
    if len(numbers) < len(pairs) or len({own for own, _ in numbers}) == 1:
        return ""
    if all(own == value for own, value in numbers):
        return name
    for ratio in RATIOS:
        if all(own * ratio == value for own, value in numbers):
            return f"{name} * {ratio}"
        if all(own // ratio == value for own, value in numbers):
            return f"{name} // {ratio}"
    return ""
