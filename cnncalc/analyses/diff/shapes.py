"""The causes of each tensor's shape."""

from __future__ import annotations

from cnncalc.analyses.diff.blame import NOBODY, PARTS, UNALTERED, Blame, Blames, join_blames, mix_shapes, part_of
from cnncalc.analyses.diff.causes import Ledger
from cnncalc.analyses.diff.links import Link, Linker
from cnncalc.analyses.diff.pairing import PairedNetworks
from cnncalc.errors import RuleError
from cnncalc.layers.contract import Shapes
from cnncalc.layers.shapes import Shape
from cnncalc.network.records import Figures, Layer, figures_of, freeze
from cnncalc.record import Record


class ShapeOrigin(Record):
    """The origin of a tensor's shape.

    `blames` are the causes of its difference from the old shape; `upstream` are those upstream of added layers;
    `reference` is the shape without upstream changes.
    """

    blames: Blames
    upstream: Blames
    reference: Shape


class ShapeTracker:
    """The origins of the new network's tensors, filled in the order of its inputs and layers."""

    def __init__(self, pairing: PairedNetworks, ledger: Ledger, linker: Linker) -> None:
        self.pairing = pairing
        self.ledger = ledger
        self.linker = linker
        self.origins: dict[str, ShapeOrigin] = {}
        self.asked: dict[tuple[int, bool, Shapes], Figures | None] = {}

    def ask(self, layer: Layer, shapes: Shapes) -> Figures | None:
        """The figures of a layer on other shapes; None if they do not fit it."""
        key = (id(layer.figures.type), layer.frozen, shapes)
        if key not in self.asked:
            try:
                figures = figures_of(layer.figures.type, shapes)
                self.asked[key] = freeze(figures) if layer.frozen else figures
            except RuleError:
                self.asked[key] = None
        return self.asked[key]

    def ask_mixed(self, layer: Layer, shapes: Shapes, part: int) -> Figures | None:
        """A layer's figures for shapes with one part as it is now; None if they do not fit."""
        probe = mix_shapes(shapes, layer.input_shapes, part)
        return self.ask(layer, probe) if probe else None

    # --- outputs --------------------------------------------------------------------------------

    def keep(self, old: Layer, new: Layer) -> None:
        """Record the output of an unaltered layer."""
        self.origins[new.name] = ShapeOrigin(UNALTERED, UNALTERED, old.output_shape)

    def add(self, layer: Layer) -> None:
        """Record the output of an added layer, whose own effect on the shape is its cause's."""
        origins = self.origins
        shapes = tuple(origins[name].reference for name in layer.inputs)
        middle = self.ask(layer, shapes)
        mine = self.ledger.own_blame(layer)
        output = self._carried_shape(layer) if middle is None else middle.output_shape
        blames, upstream = [], []
        for part in PARTS:
            above = NOBODY
            if part_of(output, part) != part_of(layer.output_shape, part):
                above = (
                    self._find_carrier(layer, part)[1]
                    if middle is None
                    else self._blame_through_inputs(layer, middle, shapes, part)
                )
            if not shapes or part_of(output, part) != part_of(shapes[0], part) or (middle is None and not above):
                blame = mine
            else:
                partner = self.pairing.partner
                blame = join_blames(*(origins[name].blames[part] for name in layer.inputs if name not in partner))
            blames.append(above if middle is None and above else join_blames(blame, above))
            upstream.append(above)
        origins[layer.name] = ShapeOrigin((blames[0], blames[1]), (upstream[0], upstream[1]), output)

    def pair(self, old: Layer, new: Layer, middle: Figures | None, shapes: Shapes) -> None:
        """Record the output of a layer in both networks; `middle` are its figures on the reference `shapes`."""
        mine = self.ledger.own_blame(new)
        moved = new.name in self.pairing.moved and middle is not None and bool(shapes)
        blames, upstream = [], []
        for part in PARTS:
            was, now = part_of(old.output_shape, part), part_of(new.output_shape, part)
            between = now if middle is None else part_of(middle.output_shape, part)
            # A moved layer alters the shape relative to its input in the new place.
            if moved:
                was = part_of(shapes[0], part)
            blame = mine if was not in ((between,) if moved else (now, between)) else NOBODY
            above = NOBODY
            if middle is not None and between != now and (moved or was != now):
                above = self._blame_through_inputs(new, middle, shapes, part)
            blames.append(join_blames(blame, above))
            upstream.append(above if moved else blames[-1])
        reference = middle.output_shape if moved and middle is not None else old.output_shape
        self.origins[new.name] = ShapeOrigin((blames[0], blames[1]), (upstream[0], upstream[1]), reference)

    def _find_carrier(self, layer: Layer, part: int) -> tuple[str, Blame]:
        """An input with the same part of the shape as the output, and its upstream causes; no name if there is none.

        So an added block with a shortcut follows its input maps, although its convolutions are made for the
        new ones.
        """
        for name, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            upstream = self.origins[name].upstream[part]
            if upstream and part_of(shape, part) == part_of(layer.output_shape, part):
                return name, upstream
        return "", NOBODY

    def _carried_shape(self, layer: Layer) -> Shape:
        """The output shape of a layer for old input shapes that it does not accept."""
        parts: list[int] = []
        for part in PARTS:
            name, _ = self._find_carrier(layer, part)
            parts += part_of(self.origins[name].reference if name else layer.output_shape, part)
        return Shape(parts)

    def _blame_through_inputs(self, layer: Layer, middle: Figures, shapes: Shapes, part: int) -> Blame:
        """The causes of a part of the output's shape through the shapes of the inputs."""
        blames = self.blame_inputs(layer, shapes)
        both = all(blames)
        joined = NOBODY
        for of_input in PARTS:
            if both:
                answer = self.ask_mixed(layer, shapes, of_input)
                if answer is not None and part_of(answer.output_shape, part) == part_of(middle.output_shape, part):
                    continue
            joined = join_blames(joined, blames[of_input])
        return joined or join_blames(*blames)

    # --- inputs ---------------------------------------------------------------------------------

    def reference_shapes(self, old: Layer, new: Layer) -> Shapes:
        """The input shapes of a layer if nothing upstream had changed."""
        if len(old.inputs) != len(new.inputs):
            return old.input_shapes
        return tuple(
            self.origins[name].reference
            if link.moved or link.before is None or new.name in self.pairing.moved
            else old.input_shapes[link.before]
            for name, link in zip(new.inputs, self.linker.by_layer[new.name].links, strict=True)
        )

    def blame_inputs(self, layer: Layer, shapes: Shapes) -> Blames:
        """The causes of a layer's input shapes, relative to the reference."""
        linked = self.linker.by_layer.get(layer.name)
        if len(shapes) != len(layer.inputs):
            found = []
            for link in linked.links if linked else ():
                if link.before is None:
                    found.append(link.through or self.ledger.own_blame(layer))
                elif self._shape_before(layer, link.before) != layer.input_shapes[link.position]:
                    found += [self._blame_link(layer, link, part) for part in PARTS]
            everything = join_blames(linked.lost if linked else NOBODY, *found)
            return everything, everything
        links = linked.links if linked else None
        blames = [
            join_blames(
                *(
                    self._blame_link(layer, links[position], part) if links else self.origins[name].upstream[part]
                    for position, name in enumerate(layer.inputs)
                    if part_of(shapes[position], part) != part_of(layer.input_shapes[position], part)
                )
            )
            for part in PARTS
        ]
        return blames[0], blames[1]

    def _shape_before(self, layer: Layer, position: int) -> Shape:
        return self.pairing.old_layer(layer).input_shapes[position]

    def _blame_link(self, layer: Layer, link: Link, part: int) -> Blame:
        """The causes of a part of the input shape at one position."""
        origin = self.origins[layer.inputs[link.position]]
        if link.moved:
            return origin.upstream[part]
        if link.through and link.before is not None:
            # Added layers output the old shape, so upstream altered it.
            before = self._shape_before(layer, link.before)
            if part_of(origin.reference, part) == part_of(before, part) and origin.upstream[part]:
                return origin.upstream[part]
        return join_blames(origin.blames[part], link.altered[part]) or link.through or self.ledger.own_blame(layer)
