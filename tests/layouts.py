"""What must hold of every layout and picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cnncalc.drawing.boxes import draw_boxes, measure
from cnncalc.drawing.inscription import inscribe
from cnncalc.drawing.layout import lay_out
from cnncalc.drawing.scene import scene
from cnncalc.languages import Speaker

if TYPE_CHECKING:
    from cnncalc.drawing.layout import Area, Layout
    from cnncalc.drawing.picture import Canvas
    from cnncalc.drawing.scene import Scene
    from cnncalc.network.records import LayerGraph


def laid_out(network: LayerGraph, depth: int = 0, *, rightward: bool = False) -> tuple[Scene, Layout, Canvas]:
    drawn = scene(network, depth)
    say = Speaker("en", "draw")
    words = inscribe(drawn, say)
    layout = lay_out(drawn, measure(drawn, words), rightward=rightward)
    return drawn, layout, draw_boxes(drawn, words, say, rightward=rightward)


def expected_links(drawn: Scene) -> set[tuple[str, int]]:
    """Each tensor that another part reads, with that part: from the layers and the names of the parts alone."""
    owners = {layer.name: part.number for part in drawn.parts for layer in part.layers}
    owners |= {part.name: part.number for part in drawn.parts if part.is_input}
    assert set(owners) == {name for name, _ in drawn.network.inputs} | {layer.name for layer in drawn.network.layers}
    return {
        (name, owners[layer.name])
        for layer in drawn.network.layers
        for name in layer.inputs
        if owners[name] != owners[layer.name]
    }


def check_links(drawn: Scene) -> None:
    """Every edge is there, and once; outputs of a part that are drawn as one are one edge to each reader."""
    merged = {tensor.source for tensor in drawn.tensors if tensor.merged > 1}
    owners = {layer.name: part.number for part in drawn.parts for layer in part.layers}
    wanted = {(owners[name] if owners.get(name) in merged else name, target) for name, target in expected_links(drawn)}
    found = [
        (tensor.source if tensor.merged > 1 else tensor.name, link.target)
        for link in drawn.links
        for tensor in (drawn.tensors[link.tensor],)
    ]
    assert len(found) == len(set(found))
    assert set(found) == wanted


def check_layout(drawn: Scene, layout: Layout) -> None:
    places = layout.places
    for part in drawn.parts[1:]:
        place, frame = places[part.number], places[part.inside]
        assert place.left >= frame.left, part.name
        assert place.top >= frame.top, part.name
        assert place.right <= frame.right, part.name
        assert place.bottom <= frame.bottom, part.name
    check_apart(drawn, layout)
    boxes = [(part.number, places[part.number]) for part in drawn.parts if not part.is_frame]
    boxes.sort(key=lambda one: one[1].top)
    tallest = max(place.height for _, place in boxes)
    for link, route in zip(drawn.links, layout.routes, strict=True):
        source = drawn.tensors[link.tensor].source
        assert is_on_edge(route[0], places[source]), link
        assert is_on_edge(route[-1], places[link.target]), link
        for (x, y), (to_x, to_y) in pairwise(route):
            assert x == to_x or y == to_y, link
            low, high = min(y, to_y), max(y, to_y)
            for number, box in between(boxes, low - tallest, high):
                if box.left < max(x, to_x) and min(x, to_x) < box.right and box.top < high and low < box.bottom:
                    raise AssertionError(f"{link} runs through {drawn.parts[number].name}: {route}")
                if x == to_x and box.left < x < box.right and box.top < high and low < box.bottom:
                    raise AssertionError(f"{link} runs through {drawn.parts[number].name}: {route}")
                if y == to_y and box.top < y < box.bottom and box.left < max(x, to_x) and min(x, to_x) < box.right:
                    raise AssertionError(f"{link} runs through {drawn.parts[number].name}: {route}")


def check_lines(drawn: Scene, layout: Layout) -> None:
    """Lines of different tensors cross, but do not lie on each other."""
    pieces: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
    for link, route in zip(drawn.links, layout.routes, strict=True):
        for (x, y), (to_x, to_y) in pairwise(route):
            key, first, last = (("x", x), y, to_y) if x == to_x else (("y", y), x, to_x)
            pieces.setdefault(key, []).append((min(first, last), max(first, last), link.tensor))
    for key, found in pieces.items():
        found.sort()
        reached, owner = found[0][1:]
        for first, last, tensor in found[1:]:
            assert first >= reached or tensor == owner, (key, drawn.tensors[tensor], drawn.tensors[owner])
            if last > reached:
                reached, owner = last, tensor


def between(boxes: list[tuple[int, Area]], low: int, high: int) -> list[tuple[int, Area]]:
    from bisect import bisect_left

    first = bisect_left(boxes, low, key=lambda one: one[1].top)
    last = bisect_left(boxes, high, key=lambda one: one[1].top)
    return boxes[first:last]


def check_apart(drawn: Scene, layout: Layout) -> None:
    """Parts in the same frame do not overlap."""
    for numbers in drawn.children:
        ordered = sorted(numbers, key=lambda number: layout.places[number].top)
        active: list[int] = []
        for number in ordered:
            place = layout.places[number]
            active = [other for other in active if layout.places[other].bottom > place.top]
            for other in active:
                beside = layout.places[other]
                assert beside.right <= place.left or place.right <= beside.left, (number, other)
            active.append(number)


def is_on_edge(point: tuple[int, int], place: Area) -> bool:
    x, y = point
    inside = place.left <= x <= place.right and place.top <= y <= place.bottom
    return inside and (x in (place.left, place.right) or y in (place.top, place.bottom))


def check_texts(picture: Canvas) -> None:
    """By the estimate, every text of a box is within it, and every text on the canvas."""
    from cnncalc.drawing.letters import text_width
    from cnncalc.drawing.picture import Lettering, Rectangle

    shift = {"start": 0, "middle": 1, "end": 2}
    for cluster in picture.clusters:
        rectangles = [shape for shape in cluster.shapes if isinstance(shape, Rectangle)]
        for words in cluster.shapes:
            if not isinstance(words, Lettering):
                continue
            width = text_width(words.text, words.size)
            left = words.x - width * shift[words.anchor] // 2
            assert left >= 0, words
            assert left + width <= picture.width, words
            assert 0 < words.y <= picture.height, words
            if cluster.kind in ("box", "frame"):
                box = rectangles[-1]
                assert box.left <= left, (words, box)
                assert left + width <= box.left + box.width + 1, (words, box)
                assert box.top <= words.y - words.size * 3 // 4, (words, box)
                assert words.y <= box.top + box.height, (words, box)


def check_canvas(drawn: Scene, picture: Canvas) -> None:
    """The canvas grows with the number of parts, and no faster."""
    assert picture.width * picture.height <= 400_000 + 100_000 * len(drawn.parts)
