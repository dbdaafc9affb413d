"""Strategies for valid specs: every layer type, blocks, joins, loops, conditions, shared weights and side branches.

A program is made item by item, each tried in the plain expansion where it stands and put aside for something
simpler where it does not fit. So the shapes are known wherever something is chosen, and what is made is valid.

All names of a program's own begin with Q, which no word of the language has.
"""

from __future__ import annotations

from collections import Counter
from math import gcd
from typing import Any, NamedTuple

from fuzz.choices import Choices, drawn
from fuzz.plain import TYPES, Flat, Frame, Plain, Tensor, expand, names_with, start, under
from fuzz.program import (
    Block,
    BlockUse,
    Branch,
    Decimal,
    DoesNotFit,
    Expression,
    Group,
    Item,
    JoinUse,
    LayerUse,
    Loop,
    Name,
    Program,
    Sides,
    evaluate,
)
from fuzz.text import Text, write
from hypothesis import strategies as st

from cnncalc.errors import RuleError
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape
from cnncalc.syntax import settings as declared
from cnncalc.syntax.expressions import fraction
from cnncalc.syntax.settings import Setting

DEEPEST = 4
MOST_BLOCKS = 4
OPERATORS = ("+", "-", "*", "//", "%")
TENSOR = ("in_channels", "in_width", "in_height", "in_depth", "in_shape")
# What may stand in the name of a layer behind its first letter.
ENDINGS = ("", "", "", "a", "é", "_1", "-x", "/y", "+z")
NAME_CHARACTERS = ("", "_", "ß", "a1")


class Wishes(NamedTuple):
    """What a program may have: only these layer types; names of layers that are read or shared."""

    types: tuple[str, ...] = ()
    reads: bool = True
    blocks: bool = True
    whole_types: bool = False


class Made(NamedTuple):
    """A program with its text and its plain expansion."""

    program: Program
    text: Text
    flat: Flat
    put_aside: Counter[str]


def make(choices: Choices, wishes: Wishes = Wishes()) -> Made:  # noqa: B008 - it is immutable
    """A valid spec."""
    maker = _Maker(choices, wishes)
    program = maker.program()
    try:
        flat = expand(program)
    except DoesNotFit:
        # Nothing is an output by itself where all of the spec's own layers stand in side branches.
        source = ((None, Name((program.inputs[0][0],))),)
        program = program._replace(items=(*program.items, Item(LayerUse("relu", ()), sources=source)))
        flat = expand(program)
    return Made(program, write(program, choices), flat, maker.put_aside)


def specs(wishes: Wishes = Wishes()) -> st.SearchStrategy[Made]:  # noqa: B008 - it is immutable
    """Valid specs."""
    return drawn().map(lambda choices: make(choices, wishes))


def divisors(number: int) -> list[int]:
    """The divisors of a number that are up to 64."""
    return [part for part in range(1, min(number, 64) + 1) if number % part == 0]


class _Maker:
    def __init__(self, choices: Choices, wishes: Wishes) -> None:
        self.choices = choices
        self.wishes = wishes
        self.blocks: dict[str, Block] = {}
        self.several: dict[str, tuple[str, ...]] = {}
        self.count = 0
        self.put_aside: Counter[str] = Counter()
        # Of some kinds a spec has many, or none: whether the builder copies blocks hangs on them.
        self.dots = choices.chance(12)
        self.calls = choices.pick((14, 45))
        self.types = wishes.types or tuple(TYPES)
        self.single = tuple(name for name in self.types if not TYPES[name].is_merge)
        self.joins = tuple(name for name in self.types if TYPES[name].is_merge)

    # --- the whole ------------------------------------------------------------------------------

    def program(self) -> Program:
        choices = self.choices
        inputs = self.inputs()
        variables: list[tuple[str, Any]] = []
        for _ in range(choices.weighted(((3, 0), (3, 1), (2, 3)))):
            names = {name: evaluate(value, {}) for name, value in variables if not isinstance(value, Expression)}
            value = choices.weighted(
                (
                    (4, choices.integer(1, 16)),
                    (2, [choices.integer(1, 8) for _ in range(choices.integer(1, 3))]),
                    (1, choices.chance(50)),
                    (2, self.expression(names, 1, 32) or 3),
                )
            )
            variables.append((self.identifier(), value))
        first = Program(inputs, tuple(variables), (), (), ())
        plain, frame, current = start(first)
        plain.blocks = self.blocks
        items = self.items(plain, frame, current, choices.weighted(((3, 2), (4, 5), (3, 9))), 0)
        if not plain.layers:
            items += (self.simplest(plain, frame, current if not items else None),)
        program = Program(inputs, tuple(variables), tuple(self.blocks.values()), items, ())
        return program._replace(outputs=self.outputs(program, plain))

    def inputs(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        choices = self.choices
        count = choices.weighted(((12, 1), (2, 2), (1, 3))) if self.wishes.reads else 1
        rank = choices.weighted(((5, 2), (2, 1), (2, 3), (1, 0)))
        made = []
        for number in range(count):
            channels = choices.pick((3, 1, 4, 8, 12, 16, 6, 64))
            sizes = [choices.pick((8, 1, 2, 3, 5, 7, 12, 16, 32)) for _ in range(rank)]
            if choices.chance(2):
                sizes = [choices.pick((10**4, 99_991)) for _ in range(rank)]
            name = self.identifier() if count > 1 or choices.chance(10) else "input"
            if number and choices.chance(60):
                channels, sizes = made[0][1][0], list(made[0][1][1:])
            made.append((name, (channels, *sizes)))
        return tuple(made)

    def outputs(self, program: Program, plain: Plain) -> tuple[Name, ...]:
        if not self.wishes.reads or not self.choices.chance(12):
            return ()
        names = [tensor.name for tensor in plain.tensors.values()]
        return tuple(Name((self.choices.pick(names),)) for _ in range(self.choices.integer(1, 3)))

    def identifier(self) -> str:
        """A name that expressions can use."""
        self.count += 1
        return f"Q{self.choices.pick(NAME_CHARACTERS)}{self.count}"

    def word(self) -> str:
        """A name for a layer, or a label for a branch."""
        self.count += 1
        return f"Q{self.count}{self.choices.pick(ENDINGS)}"

    # --- values ---------------------------------------------------------------------------------

    def expression(self, names: dict[str, Any], low: int, high: int) -> Expression | None:
        """An expression that comes to a whole number of these bounds, if one is found."""
        choices = self.choices
        numbers = [name for name, value in names.items() if isinstance(value, int) and not isinstance(value, bool)]
        lists = [name for name, value in names.items() if isinstance(value, tuple) and value]
        texts = ["{0}"]
        if numbers:
            one, other = choices.pick(numbers), choices.pick(numbers)
            texts += [
                one,
                f"{one} {choices.pick(OPERATORS)} {choices.integer(1, 4)}",
                f"{one} {choices.pick(OPERATORS)} {other}",
                f"max({one} - {choices.integer(0, 9)}, 1)",
                f"min({one}, {choices.integer(1, 9)})",
                f"({one} + {other}) * 2 if {one} > {other} else {one}",
                f"2 ** min({one}, 4)",
            ]
        if lists:
            name = choices.pick(lists)
            texts += [f"{name}[0]", f"{name}[{len(names[name]) - 1}]", f"len({name})", f"{name}[-1] * 2"]
            if numbers:
                texts.append(f"{name}[{choices.pick(numbers)}]")
        text = choices.pick(texts).replace("{0}", str(choices.integer(low, max(low, min(high, low + 8)))))
        made = Expression(text)
        try:
            value = evaluate(made, names)
        except DoesNotFit:
            return None
        return made if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None

    def number(self, names: dict[str, Any], low: int, high: int) -> Any:
        """A whole number, or an expression for one."""
        if self.choices.chance(40):
            found = self.expression(names, low, high)
            if found is not None:
                return found
        return self.choices.integer(low, max(low, high))

    def truth(self, names: dict[str, Any]) -> Any:
        """true, false, or an expression for one of them."""
        choices = self.choices
        numbers = [name for name, value in names.items() if isinstance(value, int) and not isinstance(value, bool)]
        flags = [name for name, value in names.items() if isinstance(value, bool)]
        texts = ["true", "false"]
        if numbers:
            one = choices.pick(numbers)
            texts += [
                f"{one} {choices.pick(('>', '<', '==', '!=', '>=', '<='))} {choices.integer(0, 8)}",
                f"{one} % 2 == {choices.integer(0, 1)}",
                f"{one} > 0 and {choices.pick(numbers)} > 2",
                f"not {one} == {choices.pick(numbers)}",
            ]
        if flags:
            texts += [choices.pick(flags), f"not {choices.pick(flags)}"]
        text = choices.pick(texts)
        return {"true": True, "false": False}.get(text, Expression(text))

    # --- settings -------------------------------------------------------------------------------

    def settings(
        self, kind: type[LayerType], shape: Shape, names: dict[str, Any], *, required: bool
    ) -> tuple[tuple[str, Any], ...]:
        """Settings that probably fit; only those that are `required`, or others too."""
        given: dict[str, Any] = {}
        for name, setting in kind.settings.items():
            if setting.required or (not required and self.choices.chance(40)):
                given[name] = self.setting(kind, name, setting, shape, names)
        return tuple(self.fitted(kind, given, shape).items())

    def setting(self, kind: type[LayerType], name: str, setting: Setting, shape: Shape, names: dict[str, Any]) -> Any:
        """A value for a setting, of its declaration alone."""
        choices = self.choices
        if setting.default is None and choices.chance(5):
            return None
        if isinstance(setting, declared.Axis | declared.AxisList | declared.Text):
            return self.axes(kind, setting, shape)
        if isinstance(setting, declared.Flag):
            return choices.chance(50) if choices.chance(70) else self.truth(names)
        if isinstance(setting, declared.Choice):
            return choices.pick(setting.options)
        if isinstance(setting, declared.RealNumber):
            return self.real(setting, shape)
        if isinstance(setting, declared.Padding):
            if choices.chance(40):
                return choices.pick(setting.keywords)
            return self.sides(shape.rank, 0, 2, names)
        if isinstance(setting, declared.PerSideWhole):
            return self.sides(shape.rank, -2 if setting.minimum is None else setting.minimum, 2, names)
        if isinstance(setting, declared.PerAxisWhole):
            low = -5 if setting.minimum is None else setting.minimum
            high = max(low, min((*shape.spatial, 5))) if name in ("kernel", "size") else max(low + 2, 2)
            if shape.rank and choices.chance(25):
                return [self.number(names, low, high) for _ in range(shape.rank)]
            return self.number(names, low, high)
        if isinstance(setting, declared.TargetShape):
            return [self.number(names, 1, 6) for _ in range(choices.integer(1, 4))]
        if isinstance(setting, declared.WholeTable):
            return None
        if isinstance(setting, declared.Whole):
            return self.number(names, setting.minimum, 12)
        raise AssertionError(f"no strategy for {type(setting).__name__}: add one")

    def real(self, setting: declared.RealNumber, shape: Shape) -> Any:
        """A number within bounds, or one an axis."""
        choices = self.choices
        if isinstance(setting, declared.RealPerAxis):
            factors = [Decimal(choices.pick(("0.5", "2", "1.5", "3", "1.25"))) for _ in range(max(shape.rank, 1))]
            return factors if shape.rank and choices.chance(25) else factors[0]
        texts = ["0.5", "0", "1", "0.1", "1/3", "1e-05", "-2.5", "3"]
        return Decimal(choices.pick([text for text in texts if self.within(setting, text)]))

    def axes(self, kind: type[LayerType], setting: Setting, shape: Shape) -> Any:
        """An axis of a shape, or some of them, or a text about them."""
        choices = self.choices
        if not isinstance(setting, declared.Axis | declared.AxisList):
            return self.text(kind, shape)
        if isinstance(setting, declared.Axis):
            return choices.integer(-len(shape), shape.rank)
        if setting.words and choices.chance(50):
            return choices.pick(setting.words)
        axes = choices.shuffled(range(len(shape)))[: choices.integer(1, len(shape))]
        return [axis - len(shape) if choices.chance(30) else axis for axis in axes]

    def text(self, kind: type[LayerType], shape: Shape) -> str:
        """A text that a layer type reads itself, for two inputs of one shape."""
        choices = self.choices
        if kind.name == "apply":
            return choices.pick(("x * y", "x / (1 + abs(y))", "sigmoid(x) * y + 2 ** 0.5", "x if x > y else y ** 2"))
        first = "abcdef"[: len(shape)]
        second = "".join(choices.pick((one, other)) for one, other in zip(first, "uvwxyz", strict=False))
        letters = choices.shuffled(dict.fromkeys(first + second))
        return f"{first}, {second} -> {''.join(letters[: choices.integer(1, 4)])}"

    @staticmethod
    def within(setting: declared.RealNumber, text: str) -> bool:
        if "/" in text:
            return True
        value = fraction(text)
        return (setting.low is None or value >= setting.low) and (setting.high is None or value <= setting.high)

    def sides(self, rank: int, low: int, high: int, names: dict[str, Any]) -> Any:
        """One number, one an axis, or two an axis."""
        count = self.choices.weighted(((5, 0), (1, rank), (1, 2 * rank)))
        return [self.choices.integer(low, high) for _ in range(count)] if count else self.number(names, low, high)

    def fitted(self, kind: type[LayerType], given: dict[str, Any], shape: Shape) -> dict[str, Any]:
        """Settings that the shape limits, beyond what their declarations say."""
        choices = self.choices
        channels = shape.channels
        for parts in ("groups", "pieces"):
            if parts in given:
                given[parts] = choices.pick(divisors(channels))
                if "filters" in given:
                    given["filters"] = given[parts] * choices.integer(1, 4)
        given = self.fitted_to_sizes(kind, given, shape)
        if "connections" in kind.settings and choices.chance(5) and "groups" not in given:
            return {**given, **self.connected(channels)}
        return given

    def flattened(self, kind: type[LayerType], given: dict[str, Any], shape: Shape) -> dict[str, Any]:
        """Settings of the types that flatten, or that read one axis of what is not flat."""
        choices = self.choices
        if kind.name == "flatten":
            start = choices.integer(0, shape.rank)
            return {"start": start, "end": choices.integer(start, shape.rank)} if given else given
        if not shape.spatial or not choices.chance(80):
            return given
        if choices.chance(50):
            kept = {key: value for key, value in given.items() if key != "axis"}
            return {**kept, "flatten": True}
        kept = {key: value for key, value in given.items() if key != "flatten"}
        return {**kept, "axis": choices.integer(-len(shape), shape.rank)}

    def fitted_to_sizes(self, kind: type[LayerType], given: dict[str, Any], shape: Shape) -> dict[str, Any]:
        """Settings of the types that move numbers, each of which has a rule of its own."""
        choices = self.choices
        channels, spatial = shape.channels, shape.spatial
        if kind.name == "reshape":
            given["shape"] = self.regrouped(shape)
        elif kind.name == "permute":
            order = choices.shuffled(range(len(shape)))
            given["axes"] = [axis - len(shape) if choices.chance(20) else axis for axis in order]
        elif "flatten" in kind.settings or kind.name == "flatten":
            given = self.flattened(kind, given, shape)
        elif kind.name == "opaque":
            given["output"] = [choices.pick((1, 3, 8)), *[choices.pick((1, 4, 7)) for _ in spatial]]
            unfit = {"flops"} if spatial else {"flops", "field"}
            given = {key: value for key, value in given.items() if key not in unfit}
        elif kind.name == "upsample":
            given.pop(choices.pick(("size", "factor")), None)
            if not {"size", "factor"} & {key for key, value in given.items() if value is not None}:
                given["factor"] = choices.integer(1, 3)
            given |= {"align_corners": False} if given.get("mode", "nearest") == "nearest" else {}
        elif kind.name in ("conv_transpose", "max_unpool", "fold"):
            given.pop("size", None)
            if kind.name == "fold":
                given["kernel"] = choices.pick([part for part in (1, 2, 3) if channels % part ** len(spatial) == 0])
        elif kind.name == "pixel_shuffle":
            factors = [factor for factor in (1, 2, 3) if channels % factor**shape.rank == 0]
            given["factor"] = choices.pick(factors)
        elif kind.name == "pixel_unshuffle":
            given["factor"] = choices.pick(divisors(gcd(*spatial) if spatial else 1)[:4])
        elif kind.name == "slice":
            axis = choices.integer(-len(shape), shape.rank)
            first = choices.integer(0, min(shape[axis], 20) - 1)
            stop = choices.integer(first + 1, min(shape[axis], 24))
            wanted = {"axis": axis, "start": first, "stop": stop}
            given = {**given, **{key: value for key, value in wanted.items() if value or key == "stop"}}
        elif kind.name == "crop" and spatial and isinstance(given["amount"], int):
            given["amount"] = choices.integer(0, min((min(spatial) - 1) // 2, 3))
        return given

    def connected(self, channels: int) -> dict[str, Any]:
        """Filters with the channels that each of them reads."""
        choices = self.choices
        filters = choices.integer(1, 4)
        rows = [choices.shuffled(range(min(channels, 5)))[: choices.integer(1, 3)] for _ in range(filters)]
        return {"filters": filters, "connections": [sorted(row) for row in rows]}

    def regrouped(self, shape: Shape) -> Any:
        """Sizes of as many numbers as a shape has."""
        one = self.choices.pick(divisors(shape.elements))
        rest = shape.elements // one
        two = self.choices.pick(divisors(rest))
        sizes = self.choices.pick(
            ([-1], [one, rest], [one, -1], [one, two, rest // two], [rest, one], [shape.elements])
        )
        return sizes[0] if len(sizes) == 1 and self.choices.chance(50) else sizes

    # --- items ----------------------------------------------------------------------------------

    def items(self, plain: Plain, frame: Frame, current: Tensor | None, count: int, depth: int) -> tuple[Item, ...]:
        """Up to so many items one after another; `plain` has them all."""
        made: list[Item] = []
        for _ in range(count):
            item = self.item(plain, frame, current, depth)
            if item is None:
                continue
            before = plain.copy()
            try:
                current = plain.item(item, frame, current)
            except DoesNotFit as reason:
                self.put_aside[str(reason)] += 1
                # What was tried has left traces.
                vars(plain).update(vars(before))
                item = self.simplest(plain, frame, current)
                try:
                    current = plain.item(item, frame, current)
                except DoesNotFit:
                    # There are as many layers as there may be.
                    vars(plain).update(vars(before.copy()))
                    break
            made.append(item)
        return tuple(made)

    def simplest(self, plain: Plain, frame: Frame, current: Tensor | None) -> Item:
        """A layer that fits everywhere."""
        if current is not None:
            return Item(LayerUse(self.choices.pick([name for name in ("relu", "identity") if name in self.types]), ()))
        sources = ((None, Name((next(iter(frame.inputs)),))),)
        return Item(LayerUse("relu", ()), sources=sources)

    def item(self, plain: Plain, frame: Frame, current: Tensor | None, depth: int) -> Item | None:
        """An item that probably fits, with its modifiers."""
        choices = self.choices
        reads = self.wishes.reads
        sources: tuple[tuple[str | None, Name], ...] = ()
        at = current
        if reads and (current is None or choices.chance(12)):
            sources, at = self.one_source(plain, frame, current)
        loop = self.loop(names_with(frame.names, at)) if choices.chance(14) else None
        inner = frame
        if loop is not None:
            first = self.first_pass(loop, frame, at)
            if first is None:
                return None
            inner = frame._replace(names=first)
        names = names_with(inner.names, at)
        when = self.truth(names) if choices.chance(6) else None
        if at is None:
            return self.gathered(plain, frame, current)
        kinds = [(60, "layer"), (4, "group")]
        if depth < DEEPEST:
            kinds += [(14, "join"), (5, "sides")]
            kinds += [(7, "block")] if self.wishes.blocks and len(self.blocks) < MOST_BLOCKS else []
            kinds += (
                [(4, "block of several")] if self.wishes.blocks and reads and len(self.blocks) < MOST_BLOCKS else []
            )
        kinds += [(self.calls, "call")] if self.blocks else []
        kinds += [(6, "share"), (4, "gather"), (3, "chain")] if reads and plain.layers else []
        kind = choices.weighted(kinds)
        if kind == "gather":
            return self.gathered(plain, frame, current)
        if kind == "chain":
            return self.chain(plain, frame, current)
        if kind == "share":
            return self.shared(plain, frame, sources)
        if kind == "block of several":
            return self.block_of_several(plain, inner, current, depth)
        action = self.action(kind, plain.copy(), inner, at, depth)
        if action is None:
            return None
        if isinstance(action, BlockUse) and self.several.get(action.block):
            wanted = self.several[action.block]
            sources = tuple((key, self.one_source(plain, frame, current)[0][0][1]) for key in wanted)
        name = self.name(loop) if choices.chance(30) else None
        if self.dots and loop is None and choices.chance(20):
            name = self.dotted(plain, frame)
        training_only = isinstance(action, Sides) and choices.chance(50)
        return Item(action, name, sources, loop, when, None, training_only)

    def action(
        self, kind: str, plain: Plain, frame: Frame, at: Tensor, depth: int
    ) -> LayerUse | BlockUse | JoinUse | Sides | Group | None:
        """What an item does; `plain` is a copy to try it in."""
        choices = self.choices
        if kind == "layer":
            return self.layer(at.shape, names_with(frame.names, at))
        if kind == "group":
            return Group(self.items(plain, frame, at, choices.integer(0, 3), depth + 1))
        if kind == "block":
            return self.block(plain, frame, at, depth)
        if kind == "call":
            block = choices.pick(list(self.blocks.values()))
            return BlockUse(block.name, self.arguments(block, names_with(frame.names, at)))
        if kind == "sides":
            labeled = choices.chance(70)
            branches = [self.branch(plain, frame, at, depth, labeled=labeled) for _ in range(choices.integer(1, 2))]
            return Sides(tuple(branch for branch, _ in branches))
        return self.join(plain, frame, at, depth)

    def layer(self, shape: Shape, names: dict[str, Any]) -> LayerUse:
        """A layer of any type that takes the shape."""
        for required in (False, False, True):
            kind = TYPES[self.choices.pick(self.single)]
            use = LayerUse(kind.name, self.settings(kind, shape, names, required=required))
            try:
                made = kind(**{key: kind.settings[key].decode(evaluate(value, names)) for key, value in use.settings})
                made.output_shape((shape,))
            except (RuleError, DoesNotFit) as reason:
                self.put_aside[f"{kind.name}: {reason}"] += 1
                continue
            return use
        return LayerUse("relu", ())

    def kept(self, rank: int) -> LayerUse:
        """A layer that leaves the shape as it is, whatever the sizes."""
        options = [LayerUse("relu", ()), LayerUse("batch_norm", ())]
        if rank:
            kernel = self.choices.pick((1, 3, 5))
            options += [
                LayerUse("conv", (("filters", Expression("in_channels")), ("kernel", kernel), ("padding", "same"))),
                LayerUse("depthwise_conv", (("kernel", kernel), ("padding", kernel // 2))),
                LayerUse("max_pool", (("kernel", 3), ("stride", 1), ("padding", 1))),
            ]
        else:
            options.append(LayerUse("linear", (("features", Expression("in_channels")),)))
        return self.choices.pick([use for use in options if use.type in self.types] or [LayerUse("relu", ())])

    def name(self, loop: Loop | None) -> Name:
        word = self.word()
        if loop is None or not self.choices.chance(60):
            return Name((word,))
        return Name((word, "_", Expression(self.choices.pick(("index", "index + 1", "2 * index")))))

    def dotted(self, plain: Plain, frame: Frame) -> Name:
        """A name with a dot in it, perhaps one that looks as if it stood in a block."""
        prefix = f"{frame.path}." if frame.path else ""
        known = [name.removeprefix(prefix) for name in plain.tensors if name.startswith(prefix)]
        above = [name.rpartition(".")[0] for name in known if "." in name]
        if above and self.choices.chance(60):
            inner = self.choices.pick(("relu_2", "conv", "relu", "batch_norm", self.word()))
            return Name((f"{self.choices.pick(above)}.{inner}",))
        return Name((f"{self.word()}.{self.choices.pick(('a', 'relu'))}",))

    # --- loops ----------------------------------------------------------------------------------

    def loop(self, names: dict[str, Any]) -> Loop:
        choices = self.choices
        if choices.chance(65):
            return Loop(self.number(names, 0, 3), ())
        length = choices.integer(1, 3)
        walks: list[tuple[tuple[str, ...], Any]] = []
        for _ in range(choices.integer(1, 2)):
            if choices.chance(25):
                row = [[choices.integer(1, 8), choices.integer(1, 3)] for _ in range(length)]
                walks.append(((self.identifier(), self.identifier()), row))
            else:
                walks.append(((self.identifier(),), [self.number(names, 1, 8) for _ in range(length)]))
        return Loop(self.number(names, 0, 2) if choices.chance(25) else None, tuple(walks))

    @staticmethod
    def first_pass(loop: Loop, frame: Frame, current: Tensor | None) -> dict[str, Any] | None:
        """The names of the first pass; where there is none, those that it would have."""
        try:
            passes = Plain({}, {}).passes(loop._replace(repeat=1), frame, current)
            return next(passes)[1]
        except DoesNotFit:
            return None

    # --- joins and branches ---------------------------------------------------------------------

    def branch(
        self, plain: Plain, frame: Frame, at: Tensor, depth: int, *, labeled: bool, keep: bool = False
    ) -> tuple[Branch, Tensor]:
        """A branch, with what it gives where it is there."""
        choices = self.choices
        label = self.word() if labeled else None
        begin, sources = at, ()
        if self.wishes.reads and choices.chance(8):
            sources, begin = self.one_source(plain, frame, at)
        inner = frame._replace(path=under(frame.path, label)) if label else frame
        loop = self.loop(names_with(frame.names, begin)) if choices.chance(5) else None
        if loop is not None:
            inner = inner._replace(names=self.first_pass(loop, frame, begin) or frame.names)
        when = self.truth(names_with(inner.names, begin)) if choices.chance(8) else None
        if keep:
            items = tuple(Item(self.kept(begin.shape.rank)) for _ in range(choices.integer(0, 3)))
        else:
            items = self.items(plain.copy(), inner, begin, choices.integer(0, 3), depth + 1)
        branch = Branch(label, items, when, sources, loop)
        before = plain.copy()
        try:
            ends = plain.branches((branch._replace(when=None),), frame, at)
        except DoesNotFit as reason:
            self.put_aside[f"branch: {reason}"] += 1
            vars(plain).update(vars(before))
            return Branch(label, ()), at
        end = ends[-1][1] if ends else begin
        return branch, end

    def join(self, plain: Plain, frame: Frame, at: Tensor, depth: int) -> JoinUse | None:
        """A join of branches that are brought to shapes that go together."""
        choices = self.choices
        if not self.joins:
            return None
        kind = TYPES[choices.pick(self.joins)]
        count = (
            2
            if kind.name in ("subtract", "matmul") or kind.settings.keys() & {"equation", "function"}
            else choices.weighted(((6, 2), (3, 3), (1, 4)))
        )
        labeled = choices.chance(60)
        keep = choices.chance(50)
        axis = choices.integer(0, at.shape.rank) if "axis" in kind.settings and choices.chance(25) else 0
        branches: list[Branch] = []
        target: Shape | None = None
        for _ in range(count):
            branch, end = self.branch(plain, frame, at, depth, labeled=labeled, keep=keep)
            if target is None:
                target = end.shape
            elif end.shape != target and not (
                kind.name == "concat" and beside(end.shape, axis) == beside(target, axis)
            ):
                branch = branch._replace(items=(*branch.items, *self.bring(end.shape, target)))
            branches.append(branch)
        settings: tuple[tuple[str, Any], ...] = (("axis", axis),) if axis else ()
        for name, setting in kind.settings.items():
            if setting.required:
                settings = ((name, self.text(kind, target or at.shape)),)
        if kind.name == "matmul" and target is not None and choices.chance(80):
            settings = ((choices.pick(("transpose_first", "transpose_second")), True),)
        return JoinUse(LayerUse(kind.name, settings), tuple(branches))

    def bring(self, shape: Shape, target: Shape) -> list[Item]:
        """Layers that bring one shape to another."""
        uses: list[LayerUse] = []
        if target.rank and shape.rank == target.rank:
            if shape.spatial != target.spatial:
                size = list(target.spatial) if len(set(target.spatial)) > 1 else target.spatial[0]
                uses.append(LayerUse("adaptive_avg_pool", (("size", size),)))
            if shape.channels != target.channels:
                uses.append(LayerUse("conv", (("filters", target.channels), ("kernel", 1))))
        elif target.elements <= 20_000:
            uses.append(LayerUse("linear", (("features", target.elements), ("flatten", True))))
            uses += [LayerUse("reshape", (("shape", list(target)),))] if target.rank else []
        return [Item(use) for use in uses if use.type in self.types]

    # --- blocks ---------------------------------------------------------------------------------

    def signature(self, names: dict[str, Any]) -> tuple[tuple[tuple[str, Expression | None], ...], dict[str, Any]]:
        """Parameters, and values for the first use of the block."""
        choices = self.choices
        parameters: list[tuple[str, Expression | None]] = []
        values: dict[str, Any] = {}
        for _ in range(choices.weighted(((3, 0), (4, 1), (3, 2), (1, 3)))):
            name = self.identifier()
            if choices.chance(35) or (parameters and parameters[-1][1] is not None):
                known = {
                    key: value
                    for key, value in {**names, **values}.items()
                    if key in TENSOR or key in values or key in self.variables
                }
                default = self.expression(known, 1, 64) or Expression(str(choices.integer(1, 8)))
                parameters.append((name, default))
                values[name] = evaluate(default, known)
            else:
                parameters.append((name, None))
                values[name] = choices.weighted(((6, choices.integer(1, 9)), (1, choices.chance(50)), (1, (2, 1, 3))))
        return tuple(parameters), values

    variables: frozenset[str] = frozenset()

    def block(self, plain: Plain, frame: Frame, at: Tensor, depth: int) -> BlockUse:
        """A new block, and its first use."""
        self.variables = frozenset(plain.variables)
        parameters, values = self.signature(names_with(frame.names, at))
        name = self.identifier()
        path = under(frame.path, name)
        inner = Frame(path, path, {**plain.variables, **values}, {"input": at}, frame.training_only, frame.shared)
        items = self.items(plain, inner, at, self.choices.integer(1, 4), depth + 2)
        self.blocks[name] = Block(name, parameters, items)
        required = [word for word, default in parameters if default is None]
        return BlockUse(name, tuple((word, values[word]) for word in required))

    def block_of_several(self, plain: Plain, frame: Frame, current: Tensor | None, depth: int) -> Item:
        """A new block of two inputs, and its first use."""
        self.variables = frozenset(plain.variables)
        chosen = [self.one_source(plain, frame, current) for _ in range(2)]
        keys = [self.identifier(), self.choices.pick(("input", self.identifier()))]
        keyed = self.choices.chance(70)
        if not keyed:
            keys = ["input.0", "input.1"]
        tensors = {key: tensor for key, (_, tensor) in zip(keys, chosen, strict=True)}
        name = self.identifier()
        path = under(frame.path, name)
        inner = Frame(path, path, dict(plain.variables), tensors, frame.training_only, frame.shared)
        items = self.items(plain.copy(), inner, None, self.choices.integer(1, 3), depth + 2)
        # What is handed in is read.
        read = words_read(items)
        items += tuple(
            Item(self.kept(tensors[key].shape.rank), sources=((None, Name((key,))),))
            for key in keys
            if read is not None and key not in read
        )
        self.blocks[name] = Block(name, (), items)
        self.several[name] = tuple(keys) if keyed else (None, None)  # type: ignore[assignment]
        sources = tuple((key if keyed else None, source[0][1]) for key, (source, _) in zip(keys, chosen, strict=True))
        return Item(BlockUse(name, ()), sources=sources)

    def arguments(self, block: Block, names: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
        """Arguments for a use of a block that is there already."""
        choices = self.choices
        same = choices.chance(50)
        given = []
        for number, (name, default) in enumerate(block.parameters):
            if default is not None and not choices.chance(25):
                continue
            value = (number + 2) if same else self.number(names, 1, 9)
            given.append((name, choices.weighted(((9, value), (1, choices.chance(50)), (1, [2, 1])))))
        return tuple(given)

    # --- names that are read --------------------------------------------------------------------

    def one_source(
        self, plain: Plain, frame: Frame, current: Tensor | None
    ) -> tuple[tuple[tuple[str | None, Name], ...], Tensor]:
        """Something that can be read where an item stands."""
        prefix = f"{frame.scope}." if frame.scope else ""
        names = [*frame.inputs]
        names += [name.removeprefix(prefix) for name in plain.tensors if name.startswith(prefix)]
        inner = f"{frame.path}."
        names += [name.removeprefix(inner) for name in plain.tensors if frame.path and name.startswith(inner)]
        names += ["previous"] if current is not None else []
        for _ in range(3):
            name = self.choices.pick(names[::-1])
            try:
                tensor = plain.read(name, frame, current)
            except DoesNotFit:
                continue
            if not tensor.training_only or frame.training_only:
                return ((None, Name((name,))),), tensor
        name, tensor = next(iter(frame.inputs.items()))
        return ((None, Name((name,))),), tensor

    def gathered(self, plain: Plain, frame: Frame, current: Tensor | None) -> Item | None:
        """A join of what `from` names, or one thing that it names."""
        choices = self.choices
        chosen = [self.one_source(plain, frame, current) for _ in range(choices.integer(2, 3))]
        shapes = [tensor.shape for _, tensor in chosen]
        for name in choices.shuffled(self.joins):
            kind = TYPES[name]
            settings = tuple(
                (key, self.text(kind, shapes[0])) for key, setting in kind.settings.items() if setting.required
            )
            try:
                kind(**{key: kind.settings[key].decode(text) for key, text in settings}).output_shape(tuple(shapes))
            except RuleError:
                continue
            sources = tuple(source[0] for source, _ in chosen)
            return Item(LayerUse(name, settings), sources=sources, name=self.name(None) if choices.chance(20) else None)
        source, tensor = chosen[0]
        return Item(self.layer(tensor.shape, names_with(frame.names, tensor)), sources=source)

    def shared(self, plain: Plain, frame: Frame, sources: tuple[tuple[str | None, Name], ...]) -> Item | None:
        """A layer or block like an earlier one, whose weights it shares."""
        choices = self.choices
        prefix = f"{frame.scope}." if frame.scope else ""
        able = [
            layer
            for layer in plain.layers
            if layer.name.startswith(prefix)
            and isinstance(layer.item.action, LayerUse)
            and not layer.item.action.type.startswith("Q")
            and layer.type.weights(layer.input_shapes)
            and not any(isinstance(value, Expression) for _, value in layer.item.action.settings)
        ]
        blocks = [
            (name, kind) for name, kind, arguments in plain.groups if name.startswith(prefix) and kind in self.blocks
        ]
        loop = Loop(self.number({}, 1, 3), ()) if choices.chance(25) else None
        if blocks and choices.chance(50):
            name, kind = choices.pick(blocks)
            arguments = next(given for path, _, given in plain.groups if path == name)
            use: LayerUse | BlockUse = BlockUse(kind, tuple((word, value) for word, value in arguments))
            if self.several.get(kind):
                return None
        elif able:
            layer = choices.pick(able)
            name, use = layer.name, layer.item.action
        else:
            return None
        own = self.name(loop) if choices.chance(40) else None
        return Item(use, own, sources, loop, None, Name((name.removeprefix(prefix),)))

    def chain(self, plain: Plain, frame: Frame, current: Tensor | None) -> Item | None:
        """Layers in a loop, each of which reads the one before by its name, as dense connections do."""
        if current is None or not self.choices.chance(90):
            return None
        word = self.word()
        first = Item(LayerUse("relu", ()), Name((word, Expression("0"))))
        action = self.choices.pick(
            (
                JoinUse(
                    LayerUse("add", ()),
                    (Branch(None, ()), Branch(None, (), sources=((None, Name((word, Expression("index")))),))),
                ),
                LayerUse("add", ()),
            )
        )
        if "add" not in self.types:
            return None
        sources: tuple[tuple[str | None, Name], ...] = ()
        if isinstance(action, LayerUse):
            sources = ((None, Name(("previous",))), (None, Name((word, Expression("index")))))
        loop = Loop(self.choices.integer(1, 3), ())
        second = Item(action, Name((word, Expression("index + 1"))), sources, loop)
        return Item(Group((first, second)))


def beside(shape: Shape, axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def words_read(items: tuple[Item | Branch, ...]) -> set[str] | None:
    """The words that items and branches of a block read; None where a join without `from` reads all that comes in."""
    words: set[str] = set()
    waiting = list(items)
    while waiting:
        part = waiting.pop()
        words.update(name.text for _, name in part.sources)
        action = Group(part.items) if isinstance(part, Branch) else part.action
        if isinstance(action, LayerUse) and TYPES[action.type].is_merge and not part.sources:
            return None
        if isinstance(action, Group):
            waiting += action.items
        elif isinstance(action, JoinUse | Sides):
            waiting += action.branches
    return words
