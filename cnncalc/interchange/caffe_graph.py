"""How the layers of a Caffe network are connected: which of them run, what is an input, and what blobs are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from cnncalc import limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, quoted
from cnncalc.interchange.building import GraphBuilder, GraphInput, Settings, Sizes
from cnncalc.interchange.graph import Graph, GraphLayer
from cnncalc.interchange.prototext import LARGEST_NUMBER, TextMessage
from cnncalc.record import Record

PHASES = {"TRAIN": "TRAIN", "0": "TRAIN", "TEST": "TEST", "1": "TEST"}
# Layers that write files or nothing, and those that measure.
LEFT_OUT = ("accuracy", "silence", "hdf5output")
EXAMPLE = "3x227x227"


class CaffeLayer(Record):
    """A layer of the file."""

    name: str
    kind: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    fields: TextMessage

    @property
    def span(self) -> Span:
        return self.fields.span

    def refuse(self, message: str, hint: str = "") -> SpecError:
        return SpecError([Problem(self.span, f"{self.type} {quoted(self.name)} {message}", hint)])


class CaffeGraph:
    """Reads layer by layer; `blobs` has the layer or input of the graph that each blob is, `last_reads` where."""

    def __init__(self, net: TextMessage, layers: list[CaffeLayer], sizes: Sizes, phase: str) -> None:
        self.net = net
        self.phase = phase
        self.builder = GraphBuilder(sizes)
        self.blobs: dict[str, str] = {}
        self.offers: dict[str, GraphInput] = {}
        self.batches: dict[str, int] = {}
        # Which layer is read, and the batch of an input, which reshapes may name.
        self.at = 0
        self.batch = 0
        self.left_out: dict[str, Span] = {}
        self.layers: list[CaffeLayer] = []
        self.last_reads: dict[str, int] = {}
        # Batch norms that nothing reads so far, and the parameters with names: what shares them.
        self.norms: set[str] = set()
        self.owners: dict[str, tuple[tuple[str, ...], str]] = {}
        self._choose(layers)

    def read(self, by_type: Mapping[str, LayerReader]) -> Graph:
        """The graph, made by the readers of layer types. Raises SpecError with every layer that cannot be read."""
        readers = {name.lower(): reader for name, reader in by_type.items()}
        unknown = [layer for layer in self.layers if layer.kind not in readers]
        problems = limits.Problems()
        for layer in unknown:
            problems.append(_unknown(layer, by_type))
        if not problems:
            self._place_inputs()
        for at, layer in enumerate(self.layers if not problems else ()):
            self.at = at
            try:
                missing = next((blob for blob in layer.bottoms if blob not in self.blobs), None)
                if missing is not None:
                    raise layer.refuse(f"reads {quoted(missing)}, which no layer above it produces")
                if not layer.bottoms or not layer.tops:
                    raise layer.refuse("needs a bottom and a top")
                readers[layer.kind](self, layer)
            except SpecError as error:
                problems.extend(error.problems)
                break
        if problems:
            raise SpecError(problems)
        return self.builder.finish(self.net.word("name"), "a Caffe network", self.net.span)

    # --- what is read ---

    def _choose(self, layers: list[CaffeLayer]) -> None:
        """Leave out the layers of other phases, of training and of data, and note what they would give."""
        self._offer_inputs()
        state = self.net.message("state")
        level, stages = state.number("level", 0), frozenset(state.words("stage"))
        for layer in layers:
            is_data = layer.kind.endswith(("data", "input")) and not layer.bottoms
            if not _is_included(layer.fields, self.phase, level, stages):
                self.left_out.update(dict.fromkeys(layer.tops, layer.span))
            elif is_data:
                self._offer_data(layer)
            elif layer.kind not in LEFT_OUT and not _is_loss(layer):
                self.last_reads.update(dict.fromkeys(layer.bottoms, len(self.layers)))
                self.layers.append(layer)

    def _offer_inputs(self) -> None:
        """Note the inputs that the network declares beside its layers."""
        names = self.net.words("input")
        shapes = [message.numbers("dim", 1) for message in self.net.messages("input_shape")]
        sizes = self.net.numbers("input_dim", 1)
        shapes += [sizes[start : start + 4] for start in range(0, len(sizes), 4)]
        for at, name in enumerate(names):
            self._offer(name, shapes[at] if at < len(shapes) else (), self.net.fields["input"][at].span)

    def _offer_data(self, layer: CaffeLayer) -> None:
        """Note what a data layer gives."""
        fields = layer.fields
        given = fields.message("input_param").messages("shape") or fields.message("dummy_data_param").messages("shape")
        shapes = [message.numbers("dim", 1) for message in given]
        memory = fields.message("memory_data_param")
        if "channels" in memory.fields:
            shapes = [(1, *(memory.number(key, 1, 1) for key in ("channels", "height", "width")))]
        transform = fields.message("transform_param")
        crop = transform.number("crop_size", 0)
        # Caffe takes one mean for all channels, or one for each.
        channels = len(transform.fields.get("mean_value", ()))
        if crop and channels > 1 and not shapes:
            shapes = [(1, channels, crop, crop)]
        for at, top in enumerate(layer.tops):
            own = shapes[0] if len(shapes) == 1 else shapes[at] if at < len(shapes) else ()
            self._offer(top, own, layer.span, f"3x{crop}x{crop}" if crop else EXAMPLE)

    def _offer(self, blob: str, shape: tuple[int, ...], span: Span, example: str = EXAMPLE) -> None:
        self.offers.setdefault(blob, GraphInput(shape[1:], span, example))
        self.batches.setdefault(blob, shape[0] if shape else 0)

    def _place_inputs(self) -> None:
        """Add as inputs what the layers read of data."""
        produced: set[str] = set()
        wanted: dict[str, GraphInput] = {}
        for layer in self.layers:
            for blob in layer.bottoms:
                if blob in produced or blob in wanted:
                    continue
                if blob in self.offers:
                    wanted[blob] = self.offers[blob]
                elif blob in self.left_out:
                    wanted[blob] = GraphInput((), self.left_out[blob], EXAMPLE)
            produced.update(layer.tops)
        self.batch = next((self.batches.get(blob, 0) for blob in wanted), 0)
        self.blobs.update(self.builder.add_inputs(wanted))

    # --- what is written ---

    def put(
        self,
        layer: CaffeLayer,
        kind: str,
        settings: Settings | None = None,
        inputs: tuple[str, ...] = (),
        *,
        name: str = "",
        top: int = 0,
        weights_from: str = "",
    ) -> str:
        """Append a layer of the graph that reads the bottom by default, as a top of a layer of the file."""
        sources = inputs or (self.blobs[layer.bottoms[0]],)
        wanted = GraphLayer(name or layer.name, kind, settings or {}, sources, layer.span, weights_from)
        added = self.builder.add(wanted)
        self.blobs[layer.tops[top]] = added
        self.norms.difference_update(sources)
        return added

    def put_weighted(self, layer: CaffeLayer, kind: str, settings: Settings) -> None:
        """Append a layer with weights for each pair of a bottom and a top; all of them share the weights."""
        if len(layer.tops) != len(layer.bottoms):
            raise layer.refuse(f"has {len(layer.bottoms)} bottoms and {len(layer.tops)} tops, which are pairs")
        names = _param_names(layer.fields)
        owner = ""
        for name in filter(None, names):
            shared, owner = self.owners.get(name, (names, owner))
            if shared != names:
                message = f"shares the weights {quoted(name)} with {quoted(owner)}, but not its other weights"
                raise layer.refuse(message, "only layers that share all their weights can be read")
        for at, bottom in enumerate(layer.bottoms):
            added = self.put(layer, kind, settings, (self.blobs[bottom],), top=at, weights_from=owner)
            owner = owner or added
        self.owners.update(dict.fromkeys(filter(None, names), (names, owner)))

    def shape(self, layer: CaffeLayer, bottom: int = 0) -> tuple[int, ...]:
        return self.builder.shapes[self.blobs[layer.bottoms[bottom]]]

    def alias(self, layer: CaffeLayer) -> None:
        """Let all tops be the bottom: a layer that does nothing."""
        self.blobs.update(dict.fromkeys(layer.tops, self.blobs[layer.bottoms[0]]))

    def axis(self, layer: CaffeLayer, number: int, bottom: int = 0) -> int:
        """An axis as a spec counts it, from the channels, of one that counts from the batch or back from the last."""
        rank = len(self.shape(layer, bottom)) + 1
        axis = number if number >= 0 else number + rank
        if 0 < axis < rank:
            return axis - 1
        raise layer.refuse(f"takes an axis from 1 to {rank - 1}, not {number}", "the batch, axis 0, stays as it is")

    def sources(self, layer: CaffeLayer) -> tuple[str, ...]:
        return tuple(self.blobs[bottom] for bottom in layer.bottoms)


def _is_included(fields: TextMessage, phase: str, level: int, stages: frozenset[str]) -> bool:
    """Whether a layer is part of the network in a phase and the state that the file declares."""
    include, exclude = fields.messages("include"), fields.messages("exclude")
    if include:
        return any(_meets(rule, phase, level, stages) for rule in include)
    return not any(_meets(rule, phase, level, stages) for rule in exclude)


def _is_loss(layer: CaffeLayer) -> bool:
    """Whether a layer is there for training alone; of layers in Python their weight in the loss says so."""
    return layer.kind.endswith("loss") or (layer.kind == "python" and "loss_weight" in layer.fields.fields)


def _meets(rule: TextMessage, phase: str, level: int, stages: frozenset[str]) -> bool:
    wanted = PHASES.get(rule.word("phase", phase), "")
    return (
        wanted == phase
        and rule.number("min_level", 0) <= level <= rule.number("max_level", LARGEST_NUMBER)
        and all(stage in stages for stage in rule.words("stage"))
        and not any(stage in stages for stage in rule.words("not_stage"))
    )


def _param_names(fields: TextMessage) -> tuple[str, ...]:
    """The names of a layer's parameters, empty where they have none: layers that name them alike share them."""
    params = fields.fields.get("param", ())
    return tuple(
        param.value if isinstance(param.value, str) else param.as_message("param").word("name") for param in params
    )


def _unknown(layer: CaffeLayer, known: Iterable[str]) -> Problem:
    hint = did_you_mean(layer.type, known)
    return Problem(layer.span, f"{quoted(layer.type)} of layer {quoted(layer.name)} cannot be read", hint)


LayerReader: TypeAlias = Callable[[CaffeGraph, CaffeLayer], object]
