"""A sweep as it is asked for: by options, by a call from Python, or by a study file.

A study file:

    spec: resnet50
    vary:
      width: [16, 24, 32]
      depth: 2..8
      input: 128..256:32
    columns: [params, macs, peak_memory, field]
    where: params < 5M and macs < 600M
    pareto: [macs, max:field]
    random: 10_000
    seed: 1
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from cnncalc import interchange, limits, surface
from cnncalc.errors import Problem, SpecError, did_you_mean, listed, quoted
from cnncalc.layers.shapes import DTYPES, times
from cnncalc.record import Record
from cnncalc.spec.locate import Place, chain_of, locate, locate_beside, placed_at, read
from cnncalc.spec.quantities import QUANTITIES
from cnncalc.sweeps.conditions import Condition
from cnncalc.sweeps.designs import (
    COLUMNS,
    DEFAULT_COLUMNS,
    FIELD,
    INPUT,
    NUMBERS,
    SPECS,
    Design,
    Setting,
    Study,
    Sweep,
    locate_specs,
    value_of,
    varying,
)
from cnncalc.sweeps.front import Objective, read_objectives
from cnncalc.sweeps.space import GRID, RANDOM, ZIP, Space, SweepAxis, check_space, describe_values, read_values, refuse
from cnncalc.syntax import source
from cnncalc.syntax.expressions import Value
from cnncalc.syntax.source import Mapping, Node, Scalar, kind
from cnncalc.syntax.source import Sequence as ListNode

Made = TypeVar("Made")

KEYS = (
    "spec", "vary", "columns", "where", "pareto", "random", "seed", "zip", "set", "input", "batch", "dtype",
)  # fmt: skip
# A text without this key is no study, and is not parsed twice.
LIKE_STUDY = re.compile(r"""(?:^|[{,\s])["']?vary["']?\s*:""")
WHOLE = re.compile(r"[0-9][0-9_]{0,18}")
REASON = "reason"


class SweepRequest(Record):
    """The options of a sweep; None where an option is not given.

    `sources` are the specs by their references; without any, an axis lists them.
    """

    sources: tuple[tuple[str, Place], ...] = ()
    axes: tuple[SweepAxis, ...] = ()
    columns: tuple[str, ...] | None = None
    where: str | None = None
    pareto: str | None = None
    sample: int | None = None
    seed: int | None = None
    pairs: bool | None = None
    settings: tuple[Setting, ...] = ()
    inputs: tuple[Setting, ...] = ()
    batch: int | None = None
    dtype: str | None = None

    def over(self, other: SweepRequest) -> SweepRequest:
        """These options, and those of another request where one is not given; variables are combined."""
        own = {axis.name for axis in self.axes}
        merged = {
            key: getattr(other, key) if getattr(self, key) is None else getattr(self, key) for key in self._fields
        }
        merged["sources"] = self.sources or other.sources
        merged["axes"] = (*(axis for axis in other.axes if axis.name not in own), *self.axes)
        merged["settings"] = (*other.settings, *self.settings)
        merged["inputs"] = self.inputs or other.inputs
        return SweepRequest(**merged)


class SweepPlan(Record):
    """A checked sweep: its study, the quantities to show, and which designs to keep."""

    study: Study
    shown: tuple[str, ...]
    where: Condition | None = None
    objectives: tuple[Objective, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the values, the figures and the reason, each different from the others."""
        axes = tuple(axis.name for axis in self.study.space.axes)
        return (*axes, *(_key_beside(axes, column) for column in self.shown), _key_beside(axes, REASON))

    def keeps(self, design: Design) -> bool:
        """Whether a design meets the condition; one that cannot be built meets none."""
        if self.where is None:
            return not (design.reason and self.objectives)
        if design.reason:
            return False
        return self.where.holds(condition_names(self, design))

    def point(self, design: Design) -> tuple[int, ...] | None:
        """The figures of a design that objectives minimize; None if it does not have all."""
        place = self.study.columns.index
        values = [design.figures[place(objective.quantity)] for objective in self.objectives]
        if any(value is None for value in values):
            return None
        return tuple([one.sign * int(value or 0) for one, value in zip(self.objectives, values, strict=True)])

    def figures(self, design: Design) -> tuple[int | str | None, ...]:
        """The figures to show; none where the design has none."""
        if design.reason:
            return (None,) * len(self.shown)
        return design.figures[: len(self.shown)]


def condition_names(plan: SweepPlan, design: Design) -> dict[str, Value]:
    """The values and figures that the condition uses, by the names that it uses for them."""
    assert plan.where is not None  # noqa: S101 - callers have a condition
    study, needed = plan.study, plan.where.names
    names: dict[str, Value] = {}
    axes = tuple(axis.name for axis in study.space.axes)
    for column, figure in zip(study.columns, design.figures, strict=True):
        key = _key_beside(axes, column)
        if key in needed:
            names[key] = figure
    for name, text in zip(axes, design.values, strict=True):
        if name in needed:
            names[name] = value_of(text)
    return names


def _key_beside(axes: Sequence[str], column: str) -> str:
    """The name of a column beside those of the axes."""
    while column in axes:
        column = f"network_{column}"
    return column


def make_plan(request: SweepRequest, *, words: Callable[[str], str]) -> SweepPlan:
    """The plan of a request; `words` gives the name of an option in messages. Raises SpecError."""
    if not request.axes:
        refuse("nothing is varied", f"name a variable and its values, such as {words('vary')} width=16,24,32")
    lists = [axis for axis in request.axes if axis.name in SPECS]
    sources = request.sources
    if lists:
        if len(sources) == 1:
            refuse(f"{varying(lists[0].name)} lists the specs, but a spec is given, too", "remove one of them")
        if len(lists) > 1:
            refuse(f"{varying('spec')} and {varying('network')} both list specs", "use one of them")
        check_space(Space(lists[:1]))  # type: ignore[arg-type]
        sources = sources or locate_specs(lists[0].texts)
    elif not sources:
        refuse("no spec is given", f"name a SPEC, or list some: {words('vary')} spec=a.yaml,b.yaml")
    if request.pairs and request.sample is not None:
        refuse(f"{words('zip')} and {words('random')} are mutually exclusive", "use one of them")
    if request.seed is not None and request.sample is None:
        refuse(f"{words('seed')} needs {words('random')}", f"add {words('random')}, or remove {words('seed')}")
    if any(axis.name == INPUT for axis in request.axes) and request.inputs:
        refuse("the input is both varied and set", f"remove {words('input')}, or {varying(INPUT)}")
    both = [name for name, _ in request.settings if any(axis.name == name for axis in request.axes)]
    if both:
        refuse(f"{quoted(both[0])} is both varied and set", "remove one of them")
    mode = ZIP if request.pairs else GRID if request.sample is None else RANDOM
    space = Space(request.axes, mode, request.sample or 0, request.seed or 0)
    check_space(space)
    names = tuple(axis.name for axis in space.axes)
    shown = DEFAULT_COLUMNS if request.columns is None else request.columns
    where = None
    needed: list[str] = []
    if request.where is not None:
        own = {_key_beside(names, column): column for column in NUMBERS}
        usable = {name for name in names if name not in SPECS}
        where = Condition(request.where, {*own, *usable}, words("where"))
        needed = [own[name] for name in where.names if name in own and name not in names]
    objectives = () if request.pareto is None else read_objectives(request.pareto, NUMBERS, words("pareto"))
    needed += [objective.quantity for objective in objectives]
    if objectives and request.columns is None:
        shown = tuple(dict.fromkeys((*shown, *(objective.quantity for objective in objectives))))
    columns = tuple(dict.fromkeys((*shown, *sorted(needed))))
    size = DTYPES[request.dtype or "float32"]
    study = Study(sources, space, columns, request.settings, request.inputs, request.batch or 1, size)
    Sweep(study).check()
    return SweepPlan(study, shown, where, objectives)


def document(column: str) -> str:
    """What a column is."""
    from cnncalc.sweeps.designs import FIELD_DOC

    return FIELD_DOC if column == FIELD else QUANTITIES[column].doc


# --- study files ------------------------------------------------------------------------------------


def open_reference(reference: str) -> SweepRequest:
    """The request of a study file, or one with only the spec of a reference. Raises SpecError."""
    place = locate(reference)
    if not interchange.is_binary(place.path):
        text = read(place)
        if LIKE_STUDY.search(text):
            limits.restart()
            node = source.parse(text, place.shown)
            if isinstance(node, Mapping) and node.get("vary") is not None and node.get("layers") is None:
                return _StudyReader(place).request(node)
        if place.path == "-":
            place = place._replace(text=text)
    return SweepRequest(sources=((reference, place),))


class _StudyReader:
    """Reads one study file and collects its problems."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.problems = limits.Problems()

    def request(self, node: Mapping) -> SweepRequest:
        for key, _ in node.entries:
            if key.text not in KEYS:
                hint = did_you_mean(key.text, KEYS, f"its keys are {listed(KEYS)}")
                self.problems.report(key.span, f"a study has no {quoted(key.text)}", hint)
        keys = {key.text: value for key, value in node.entries if key.text in KEYS and not value.is_null}
        inputs = self._try(keys, "input", self._inputs) or ()
        request = SweepRequest(
            self._try(keys, "spec", self._sources) or (),
            self._try(keys, "vary", self._axes) or (),
            self._try(keys, "columns", self._columns),
            self._try(keys, "where", self._text),
            self._try(keys, "pareto", lambda value: ",".join(self._words(value))),
            self._try(keys, "random", lambda value: self._whole(value, "random")),
            self._try(keys, "seed", lambda value: self._whole(value, "seed")),
            self._try(keys, "zip", self._truth),
            self._try(keys, "set", self._settings) or (),
            inputs,
            self._try(keys, "batch", lambda value: self._whole(value, "batch")),
            self._try(keys, "dtype", self._dtype),
        )
        if self.problems:
            raise SpecError(self.problems)
        if len(request.sources) < 2:
            return request
        names = tuple(name for name, _ in request.sources)
        return request._replace(axes=(SweepAxis("spec", names), *request.axes))

    def _try(self, keys: dict[str, Node], key: str, decode: Callable[[Node], Made]) -> Made | None:
        """The decoded value of a key; None if there is none, or if it has a problem."""
        if key not in keys:
            return None
        try:
            with placed_at(keys[key].span):
                return decode(keys[key])
        except SpecError as error:
            self.problems.extend(error.problems)
            return None

    def _sources(self, node: Node) -> tuple[tuple[str, Place], ...]:
        """The specs beside the study, or bundled ones."""
        found: dict[str, Place] = {}
        for item in node.items if isinstance(node, ListNode) else (node,):
            with placed_at(item.span):
                place = locate_beside(item, self.place, "spec")
                found[place.shown] = place
        return tuple(found.items())

    def _axes(self, node: Node) -> tuple[SweepAxis, ...]:
        if not isinstance(node, Mapping):
            raise _refusal(node, f"vary is a mapping from variables to values, not {kind(node)}", "write width: 16..64")
        axes = []
        for key, value in node.entries:
            if key.text in SPECS:
                raise _refusal(key, "specs are listed under spec:", "write spec: [a.yaml, b.yaml]")
            with placed_at(value.span):
                axes.append(SweepAxis(key.text, read_values(self._list(value), varying(key.text))))
        return tuple(axes)

    def _list(self, node: Node) -> str:
        """A value or a list of values, in the notation of options."""
        if isinstance(node, ListNode):
            return ",".join(self._text(item) for item in node.items)
        return self._text(node)

    def _text(self, node: Node) -> str:
        limits.spend(1)
        if isinstance(node, Scalar):
            limits.spend(len(node.text))
            return node.text
        if isinstance(node, ListNode):
            return f"[{', '.join(map(self._text, node.items))}]"
        raise _refusal(node, f"expected a value, got {kind(node)}")

    def _words(self, node: Node) -> list[str]:
        items = node.items if isinstance(node, ListNode) else (node,)
        return [word.strip() for item in items for word in self._text(item).split(",")]

    def _columns(self, node: Node) -> tuple[str, ...]:
        words = self._words(node)
        if words == ["all"]:
            return COLUMNS
        for word in words:
            if word not in COLUMNS:
                hint = did_you_mean(word, COLUMNS, f"choose from {', '.join(COLUMNS)}")
                raise _refusal(node, f"unknown column {quoted(word)}", hint)
        return tuple(dict.fromkeys(words))

    def _whole(self, node: Node, key: str) -> int:
        least = 0 if key == "seed" else 1
        text = self._text(node)
        if not WHOLE.fullmatch(text) or int(text) < least:
            raise _refusal(node, f"{key} takes a whole number from {least}, not {quoted(text)}")
        return int(text)

    def _truth(self, node: Node) -> bool:
        text = self._text(node)
        if text not in ("true", "false"):
            raise _refusal(node, f"zip takes true or false, not {quoted(text)}")
        return text == "true"

    def _settings(self, node: Node) -> tuple[Setting, ...]:
        if not isinstance(node, Mapping):
            raise _refusal(node, f"set is a mapping from variables to values, not {kind(node)}")
        return tuple((key.text, self._text(value)) for key, value in node.entries)

    def _inputs(self, node: Node) -> tuple[Setting, ...]:
        if isinstance(node, Mapping):
            return tuple((key.text, self._shape(value)) for key, value in node.entries)
        return (("", self._shape(node)),)

    def _shape(self, node: Node) -> str:
        return times(tuple(map(self._text, node.items))) if isinstance(node, ListNode) else self._text(node)  # type: ignore[arg-type]

    def _dtype(self, node: Node) -> str:
        text = self._text(node)
        if text not in DTYPES:
            hint = did_you_mean(text, DTYPES, f"use {listed(DTYPES, 'or')}")
            raise _refusal(node, f"unknown dtype {quoted(text)}", hint)
        return text


def _refusal(node: Node, message: str, hint: str = "") -> SpecError:
    return SpecError([Problem(node.span, message, hint)])


def option_words(key: str) -> str:
    """An option of a sweep, as messages call it."""
    return surface.option(key)


def list_marks(plan: SweepPlan) -> dict[str, str]:
    """What makes a sweep the same when it is continued, by what messages call it."""
    from hashlib import sha256

    import cnncalc

    study, space = plan.study, plan.study.space
    parts: dict[str, object] = {
        "the version of cnncalc": cnncalc.__version__,
        "the spec": [(reference, *_describe_spec(place, study.inputs)) for reference, place in study.specs],
        "the values": [(axis.name, describe_values(axis.texts)) for axis in space.axes],
        "the selection of designs": (space.mode, space.sample, space.seed),
        "--columns": plan.shown,
        "--where": "" if plan.where is None else plan.where.text,
        "--pareto": plan.objectives,
        "--set": study.settings,
        "--input": study.inputs,
        "--batch": study.batch,
        "--dtype": study.dtype_size,
        "the limits": limits.current(),
    }
    return {key: sha256(ascii(_plain_parts(value)).encode()).hexdigest() for key, value in parts.items()}


def _plain_parts(value: object) -> object:
    """A value without records, whose repr is shortened."""
    return tuple(map(_plain_parts, value)) if isinstance(value, tuple | list) else value


def _describe_spec(place: Place, inputs: Iterable[Setting]) -> Iterator[object]:
    """The contents of the files of a spec; of a binary file its size and time."""
    try:
        for document in chain_of(place, inputs):
            yield document.shown, document.text
            if document.graph is not None and os.path.exists(document.place.path):
                status = os.stat(document.place.path)
                yield status.st_size, status.st_mtime_ns
    except SpecError as error:
        yield str(error)
