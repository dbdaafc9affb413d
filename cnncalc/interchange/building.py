"""Parts that readers share: a graph under construction, with shapes of layers and names that are valid in a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import TypeAlias

from cnncalc import layers, limits, surface
from cnncalc.errors import Problem, RuleError, Span, SpecError, quoted
from cnncalc.interchange.graph import Graph, GraphLayer, Plain
from cnncalc.layers.shapes import Shape
from cnncalc.record import Record

# The sizes that --input gives, by the name of the input; "" for the one input.
Sizes: TypeAlias = Mapping[str, tuple[int, ...]]
Settings: TypeAlias = Mapping[str, Plain]

TAKEN = ("input", "previous")
# The names of the inputs of a function of several numbers.
OPERANDS = "xyzuvw"
REAL = re.compile(r"([+-]?)([0-9]{0,20})(?:\.([0-9]{0,40}))?(?:[eE]([+-]?[0-9]{1,3}))?f?")
LARGEST_POWER = 30
MOST_AXES = 16


class TextPlaces:
    """Converts positions in a text to lines and columns; positions must not decrease from call to call."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.line, self.start, self.position = 1, 0, 0

    def span(self, position: int) -> Span:
        if breaks := self.text.count("\n", self.position, position):
            self.line += breaks
            self.start = self.text.rindex("\n", self.position, position) + 1
        self.position = position
        return Span(self.file, self.line, position - self.start + 1)


class GraphInput(Record):
    """An input: its shape, empty if the file does not give it, its place, and sizes for the example in a message."""

    shape: tuple[int, ...]
    span: Span
    example: str


class GraphBuilder:
    """Collects the layers of a graph in order. `shapes` has that of each input and layer by its name."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.inputs: dict[str, tuple[int, ...]] = {}
        self.shapes: dict[str, Shape] = {}
        self.layers: list[GraphLayer] = []
        self.places: dict[str, int] = {}
        self.read: set[str] = set()
        self.limits = limits.current()
        self.steps = 0
        # The number of layers that wanted each name.
        self.counts: dict[str, int] = dict.fromkeys(TAKEN, 1)

    def add_inputs(self, inputs: Mapping[str, GraphInput]) -> dict[str, str]:
        """Add the inputs of a network, all together, and return the name of each in the graph.

        Raises SpecError with each input whose size neither the file nor the user gives.
        """
        problems = []
        names = {}
        for source, (shape, span, example) in inputs.items():
            is_one = len(inputs) == 1
            # The one input of a spec is called input, whatever its name was.
            name = TAKEN[0] if is_one else self.take_name(re.sub(r"\W", "_", source.lstrip("0123456789")), "image")
            names[source] = name
            given = self.sizes.get(name) or (self.sizes.get("", ()) if is_one else ()) or shape
            if not given:
                hint = f"give it, as in {surface.new_input_shape('' if is_one else name, example)}"
                problems.append(Problem(span, f"the file has no size for its input {quoted(source)}", hint))
                continue
            if len(given) > MOST_AXES:
                message = f"the input {quoted(source)} has {len(given):,} axes, more than {MOST_AXES}"
                problems.append(Problem(span, message))
                continue
            self.inputs[name] = shape or given
            self.shapes[name] = Shape(given)
        if problems:
            raise SpecError(problems)
        return names

    def add(self, layer: GraphLayer) -> str:
        """Append a layer and return its name: the wanted one as far as a spec can have it.

        A join of one tensor adds no layer: its name is that of its input. Raises SpecError if the layer does not fit
        its inputs.
        """
        layer_type = layers.find(layer.type)
        if layer_type is None:
            raise LookupError(f"there is no layer type {layer.type}")
        if len(layer.inputs) < layer_type.least_inputs:
            return layer.inputs[0]
        if len(self.layers) >= self.limits.layers:
            message = f"the network has more than {self.limits.layers:,} layers"
            raise SpecError([Problem(layer.span, message, limits.raised("layers"))])
        shapes = tuple(self.shapes[source] for source in layer.inputs)
        try:
            for name, value in layer.settings.items():
                if _is_whole(value):
                    layer_type.settings[name].decode(value)
            made = layer_type(**layer.settings)
            shape = self._bounded(made.output_shape(shapes))
            has_weights = bool(made.weights(shapes))
        except RuleError as error:
            raise SpecError([Problem(layer.span, f"{quoted(layer.name)}: {error.message}", error.hint)]) from None
        name = self.take_name(layer.name, layer.type)
        self.places[name] = len(self.layers)
        self.layers.append(layer._replace(name=name, weights_from=layer.weights_from if has_weights else ""))
        self.shapes[name] = shape
        self.read.update(layer.inputs)
        return name

    def _bounded(self, shape: Shape) -> Shape:
        if max(shape) > self.limits.number:
            message = f"an axis of its output is longer than {self.limits.number:,}"
            raise RuleError(message, None, limits.raised("number"))
        return shape

    def replace_settings(self, name: str, settings: Settings) -> None:
        """Change the settings of an earlier layer, without changing its shape."""
        at = self.places[name]
        self.layers[at] = self.layers[at]._replace(settings=settings)

    def count_steps(self, steps: int, span: Span) -> None:
        """Count layers of the file and their inputs. Raises SpecError if there are too many, as in nested models."""
        self.steps += steps
        if self.steps > self.limits.steps:
            message = f"the models within the file come to more than {self.limits.steps:,} layers and connections"
            raise SpecError([Problem(span, message, limits.raised("layers"))])

    def finish(self, name: str, origin: str, span: Span, outputs: tuple[str, ...] = ()) -> Graph:
        """The graph. Its outputs are the given ones, or the layers that no other layer reads.

        Raises SpecError if there are no layers.
        """
        if not self.layers:
            raise SpecError([Problem(span, "the file has no layers")])
        found = tuple(dict.fromkeys(output for output in outputs if output not in self.inputs))
        ends = tuple(layer.name for layer in self.layers if layer.name not in self.read)
        shown = " ".join(name[: self.limits.name].encode(errors="replace").decode().split())
        return Graph(shown, origin, self.inputs, tuple(self.layers), found or ends, span)

    def take_name(self, wanted: str, otherwise: str) -> str:
        """A name that no other layer or input has: the wanted one, with what names cannot have replaced."""
        most = self.limits.name - 10
        clean = re.sub(r"\.{2,}", ".", re.sub(r"[^\w./+-]", "_", wanted[:most])).strip(".") or otherwise
        name = clean
        while name in self.counts:
            self.counts[clean] += 1
            name = f"{clean}_{self.counts[clean]}"
        self.counts[name] = 1
        return name


def _is_whole(value: Plain) -> bool:
    """Whether a setting is a whole number or a list of them: a file may have any, and layers count with them."""
    values = value if isinstance(value, tuple) else (value,)
    return all(isinstance(item, int) and not isinstance(item, bool) for item in values)


def real(text: str, span: Span, key: str) -> str:
    """A number of a file, such as 1e-05 or .5, in the syntax of expressions. Raises SpecError for other texts."""
    match = REAL.fullmatch(text)
    power = int(match.group(4) or 0) if match else 0
    if not match or not (match.group(2) or match.group(3)) or abs(power) > LARGEST_POWER:
        raise SpecError([Problem(span, f"{key} takes a number, not {quoted(text)}")])
    sign, whole, part = match.group(1), match.group(2) or "", match.group(3) or ""
    digits = f"{'0' * -power}{whole}{part}{'0' * power}"
    point = len(whole) + power + (-power if power < 0 else 0)
    before, after = digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")
    shown = f"{before}.{after}" if after else before
    return f"-{shown}" if sign == "-" and shown != "0" else shown


def steps_to_shape(shape: tuple[int, ...], target: tuple[int, ...]) -> list[tuple[str, Settings, str]]:
    """The layers that reshape a tensor of the shape `shape` to `target`, in a file that has the channels last.

    `shape` has its channels first, as in a graph; `target` last. Each layer is a type, settings and the end of a name.
    """
    if len(target) == 1 and len(shape) > 1:
        return [("flatten", {}, "")]
    # The order of elements changes if channels are split or joined, except where one axis has all elements.
    if len(shape) == 1 or shape[0] == target[-1] or max(shape) == prod(shape):
        return [("reshape", {"shape": (target[-1], *target[:-1])}, "")]
    return [
        ("permute", {"axes": (*range(1, len(shape)), 0)}, "_last"),
        ("reshape", {"shape": target}, "_reshape"),
        ("permute", {"axes": (len(target) - 1, *range(len(target) - 1))}, ""),
    ]


def affine(scale: str, offset: str) -> str:
    """The function x * scale + offset in its shortest form."""
    product = {"1": "x", "-1": "-x"}.get(scale, f"x * {scale}" if scale[0] != "-" else f"x * ({scale})")
    if offset == "0":
        return product
    return f"{product} - {offset[1:]}" if offset[0] == "-" else f"{product} + {offset}"
