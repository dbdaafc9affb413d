"""The words of explanations: symbols and shapes in the reader's language, and formulas with numbers."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import prod

from cnncalc.analyses.explanation import Derivation, Explanation
from cnncalc.formats.document import ListItem, Working
from cnncalc.formats.mathematics import Factors, Number, letters
from cnncalc.languages import Speaker
from cnncalc.layers.contract import Remark, Role
from cnncalc.layers.shapes import Shape
from cnncalc.record import Record
from cnncalc.syntax.expressions import Value, describe
from cnncalc.text import integer

# The letters of lecture notes in the output-size formula.
LETTERS = {
    "in_size": "W",
    "kernel": "F",
    "stride": "S",
    "padding": "P",
    "before": "P_1",
    "after": "P_2",
    "dilation": "D",
    "output_padding": "A",
}


class ExplanationView(Record):
    """The options of an explanation."""

    language: str = "en"
    dtype: str = "float32"


class LayerWording:
    """The words of one explanation: the names of its symbols, axes and shapes."""

    def __init__(self, facts: Explanation, view: ExplanationView) -> None:
        self.facts = facts
        self.layer = facts.layer
        self.dtype = view.dtype
        self.language = view.language
        self.say = Speaker(view.language, "explain")

    @property
    def is_pool(self) -> bool:
        """Whether the kernel is a pooling window, which has no filters."""
        return self.layer.figures.type.role in (Role.MAX_POOL, Role.AVERAGE_POOL)

    def point(self, label: str, text: str) -> ListItem:
        return ListItem("", self.say("labeled", label=label, text=text))

    def shape(self, shape: Shape) -> str:
        return describe_shape(shape, self.say)

    def axes(self, axes: Iterable[str]) -> str:
        """The names of axes as a list in a sentence."""
        return self.say.join([self.say(axis) if axis in self.say else axis for axis in axes])

    def symbol(self, name: str) -> str:
        key = f"symbol_{'macs' if name == 'multiply_accumulates' else name}"
        if name == "in_channels" and self.layer.inputs and not self.layer.input_shapes[0].rank:
            key = "symbol_in_features"
        if self.is_pool:
            key = key.replace("symbol_kernel", "symbol_window")
        return self.say(key) if key in self.say else name

    def quantity(self, derivation: Derivation) -> str:
        if derivation.axes:
            return self.axes(derivation.axes)
        key = {"multiply_accumulates": "macs", "params": "parameters"}.get(derivation.key, derivation.key)
        if key == "out_channels" and not self.layer.output_shape.rank:
            key = "out_features"
        return self.say(key) if key in self.say else key

    def factors(self) -> dict[str, Factors]:
        """The numbers of the formulas that are products of sizes."""
        image, output = next(iter(self.layer.input_shapes), Shape(())), self.layer.output_shape
        windows = self.layer.figures.type.windows(self.layer.input_shapes)
        kernels = [kernel for window in windows if (kernel := getattr(window, "kernel", None)) is not None]
        return {
            "in_positions": Factors(image.spatial),
            "in_elements": Factors(image),
            "out_positions": Factors(output.spatial),
            "out_elements": Factors(output),
            "kernel_positions": Factors(kernels),
        }

    def work_out(self, derivation: Derivation, quantity: str = "") -> Working:
        """A derivation with symbols in the reader's language, and positions as products."""
        known = letters(derivation.formula, LETTERS)
        names = known or {name: self.symbol(name) for name in derivation.values}
        factors = self.factors()
        values: dict[str, Number] = {
            name: factors[name] if _is_product(factors.get(name), value) else value
            for name, value in derivation.values.items()
        }
        result = write_result(derivation)
        return Working(quantity or self.quantity(derivation), derivation.formula, values, result, names)

    def work_out_with(self, derivation: Derivation, quantity: str, taps: Iterable[int]) -> Working:
        """A derivation whose kernel positions are a product of these sizes."""
        values: dict[str, Number] = dict(derivation.values)
        if "kernel_positions" in values:
            values["kernel_positions"] = Factors(taps)
        symbols = {name: self.symbol(name) for name in values}
        return Working(quantity, derivation.formula, values, write_result(derivation), symbols)


def describe_shape(shape: Shape, say: Speaker) -> str:
    """A shape; a vector by its number of elements."""
    return str(shape) if shape.rank else say("shape_vector", size=integer(shape.channels))


def describe_remark(remark: Remark, say: Speaker, axes: str) -> str:
    """The sentence of a remark; `axes` are the names of the output's spatial axes."""
    values = {key: _write_value(value) for key, value in remark.values.items()}
    return say(f"remark_{remark.key}", **{**values, "axes": axes})


def _write_value(value: Value) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(value)
    if isinstance(value, Fraction):
        return decimal(value)
    if isinstance(value, tuple):
        return " + ".join(map(_write_value, value))
    return value if isinstance(value, str) else describe(value)


def _is_product(factors: Factors | None, value: Value) -> bool:
    return factors is not None and len(factors) > 1 and prod(factors) == value


def write_result(derivation: Derivation) -> str:
    return decimal(Fraction(derivation.result))


def decimal(value: Fraction) -> str:
    """A number with three significant digits: 1/9 is 0.111; numbers from 100 on are whole."""
    if value < 0:
        return f"-{decimal(-value)}"
    if value.denominator == 1 or value >= 100:
        return integer(round(value))
    digits = 2 if value >= 1 else 3
    while value and value * 10 ** (digits - 2) < 1:
        digits += 1
    text = f"{float(value):,.{digits}f}"
    return text.rstrip("0").rstrip(".")
