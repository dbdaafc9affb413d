"""Operators of PyTorch that move, cut and join tensors."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.interchange.graph import Plain
from cnncalc.interchange.layout import LaidOut, axes_of, order_of
from cnncalc.interchange.torch_graph import TorchReader
from cnncalc.interchange.torch_program import NodeRef, TorchNode, axis_of, is_number, items_of, refs_of, whole, wholes
from cnncalc.interchange.torch_values import BROADCASTS, FixedTensor, Missing, Several, Stored, Value

PAD_MODES = {"constant": "zero", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class TorchAxes(TorchReader):
    """Reads operators that move elements: what only names axes otherwise adds no layer."""

    def tensor_of(self, node: TorchNode) -> LaidOut:
        return self.tensor(node)

    def read_reshape(self, node: TorchNode) -> LaidOut:
        return self.reshape(self.tensor(node), node.shapes[0])

    def read_permute(self, node: TorchNode) -> LaidOut:
        tensor = self.tensor(node)
        rank = len(tensor.axes)
        order = list(range(rank))
        arguments = node.arguments
        if node.operator == "permute":
            order = [axis % rank for axis in wholes(arguments["dims"])]
        elif node.operator == "movedim":
            sources = [axis % rank for axis in wholes(arguments["source"])]
            places = [axis % rank for axis in wholes(arguments["destination"])]
            rest = iter([axis for axis in range(rank) if axis not in sources])
            moved = dict(zip(places, sources, strict=True))
            order = [moved[axis] if axis in moved else next(rest) for axis in range(rank)]
        elif node.operator == "numpy_T":
            order.reverse()
        elif rank > 1:
            pair = [value for key, value in arguments.items() if key != "self"] or [-2, -1]
            one, two = (axis % rank for axis in wholes(tuple(pair)))
            order[one], order[two] = order[two], order[one]
        return LaidOut(tensor.name, tuple(tensor.axes[axis] for axis in order))

    def read_expand(self, node: TorchNode) -> LaidOut:
        tensor, target = self.tensor(node), node.shapes[0]
        expanded = LaidOut(tensor.name, (None,) * (len(target) - len(tensor.axes)) + tensor.axes)
        readers = self.users.get(node.name, ())
        # Sums and products repeat by themselves what has a size of 1.
        if all(user.operator in BROADCASTS for user in readers):
            return expanded
        return self._repeat(expanded, target)

    def read_repeat(self, node: TorchNode) -> LaidOut:
        tensor, target = self.tensor(node), node.shapes[0]
        return self._repeat(LaidOut(tensor.name, (None,) * (len(target) - len(tensor.axes)) + tensor.axes), target)

    def _repeat(self, tensor: LaidOut, target: tuple[int, ...]) -> LaidOut:
        """The tensor with its elements repeated along the axes that are longer in `target`."""
        for at, (size, more) in enumerate(zip(self.sizes(tensor), target, strict=True)):
            if size == more:
                continue
            order = order_of(tensor)
            if at not in order:
                order = (*order, at)
                tensor = LaidOut(self.arrange(tensor, order), axes_of(order, len(target)))
            axis = order.index(at)
            settings: dict[str, Plain] = {"shape": (more,)}
            if axis < len(order) - 1:
                settings["axis"] = axis
            tensor = LaidOut(self.emit("gather", (tensor.name,), settings), tensor.axes)
        return tensor

    def read_select(self, node: TorchNode) -> LaidOut:
        tensor = self.tensor(node)
        at = axis_of(node.arguments["dim"], len(tensor.axes))
        index = whole(node.arguments["index"]) % self.sizes(tensor)[at]
        return self.drop_axes(self.cut(tensor, at, index, index + 1), [at])

    def read_slice(self, node: TorchNode) -> LaidOut:
        tensor, arguments = self.tensor(node), node.arguments
        at = axis_of(arguments["dim"], len(tensor.axes))
        size = self.sizes(tensor)[at]
        start, stop = arguments.get("start"), arguments.get("end")
        if node.operator == "narrow":
            stop = whole(start) + whole(arguments["length"])
        begin, end, step = slice(start, stop, arguments.get("step", 1)).indices(size)
        return self.cut(tensor, at, begin, end, step)

    def cut(self, tensor: LaidOut, at: int, start: int, stop: int, step: int = 1) -> LaidOut:
        axis, size = tensor.axes[at], self.sizes(tensor)[at]
        if axis is None or (start == 0 and stop == size and step == 1):
            return tensor
        settings: dict[str, Plain] = {"axis": axis} if axis else {}
        given = (("start", start, 0), ("stop", stop, size), ("step", step, 1))
        settings |= {key: value for key, value, default in given if value != default}
        return LaidOut(self.emit("slice", (tensor.name,), settings), tensor.axes)

    def read_split(self, node: TorchNode) -> Several:
        tensor = self.tensor(node)
        at = axis_of(node.arguments.get("dim", 0), len(tensor.axes))
        parts: list[Value] = []
        used = {whole(user.arguments["1"]) for user in self.users.get(node.name, ()) if user.operator == "getitem"}
        start = 0
        for number, shape in enumerate(node.shapes):
            size = 1 if node.operator == "unbind" else shape[at]
            if number not in used:
                parts.append(Missing("a part that is read nowhere"))
            else:
                part = self.cut(tensor, at, start, start + size)
                parts.append(self.drop_axes(part, [at]) if node.operator == "unbind" else part)
            start += size
        return Several(tuple(parts))

    def read_getitem(self, node: TorchNode) -> Value:
        """A part of what is computed from parameters alone."""
        (source,) = refs_of(node.arguments.values())
        if source not in self.computed:
            self.computed[source] = self.handle(self.nodes[source])
        return self._item(node)

    def read_cat(self, node: TorchNode) -> LaidOut:
        tensors = [self.resolve(ref.node) for ref in items_of(node.arguments["tensors"]) if isinstance(ref, NodeRef)]
        return self._concat(tensors, axis_of(node.arguments.get("dim", 0), len(node.shapes[0])))

    def read_stack(self, node: TorchNode) -> LaidOut:
        tensors = [self.resolve(ref.node) for ref in items_of(node.arguments["tensors"]) if isinstance(ref, NodeRef)]
        at = axis_of(node.arguments.get("dim", 0), len(node.shapes[0]))
        stacked: list[Value] = []
        for value in tensors:
            tensor = self.lay_out(value)
            stacked.append(LaidOut(tensor.name, (*tensor.axes[:at], None, *tensor.axes[at:])))
        return self._concat(stacked, at)

    def _concat(self, values: list[Value], at: int) -> LaidOut:
        main = self._widest(values)
        order = order_of(main)
        if at not in order:
            # The new axis comes behind the others, or is that of the batch.
            order = (*order, at)
        tensors = [self.lay_out(value, order if isinstance(value, Stored) else None) for value in values]
        names = tuple(self.arrange(tensor, order) for tensor in tensors)
        axis = order.index(at)
        name = self.emit("concat", names, {"axis": axis} if axis else {}) if len(names) > 1 else names[0]
        return LaidOut(name, axes_of(order, len(main.axes)))

    def _widest(self, values: Iterable[Value]) -> LaidOut:
        """The tensor with most axes that are longer than 1, the first of several."""
        tensors = [value for value in values if isinstance(value, LaidOut)]
        tensors = tensors or [self.lay_out(value) for value in values if isinstance(value, Stored)]
        if not tensors:
            raise self.refuse("reads constants alone")
        return max(tensors, key=lambda tensor: sum(size > 1 for size in self.sizes(tensor)))

    def read_roll(self, node: TorchNode) -> LaidOut:
        tensor = self.tensor(node)
        shifts, dims = wholes(node.arguments["shifts"]), wholes(node.arguments["dims"])
        shape = self.shape(tensor.name)
        moved = dict.fromkeys(range(1, len(shape)), 0)
        for shift, dim in zip(shifts, dims, strict=True):
            axis = tensor.axes[dim % len(tensor.axes)]
            if axis == 0 or not dims:
                raise self.refuse("shifts the channels")
            if axis is not None:
                moved[axis] += shift
        if not any(moved.values()):
            return tensor
        return LaidOut(self.emit("roll", (tensor.name,), {"shift": tuple(moved.values())}), tensor.axes)

    def read_pad(self, node: TorchNode) -> LaidOut:
        tensor = self.tensor(node)
        widths = wholes(node.arguments["pad"])
        rank = len(tensor.axes)
        sides = {rank - 1 - at // 2: (widths[at], widths[at + 1]) for at in range(0, len(widths), 2)}
        sides = {at: pair for at, pair in sides.items() if any(pair)}
        if not sides:
            return tensor
        mode = PAD_MODES.get(str(node.arguments.get("mode", "constant")))
        value = node.arguments.get("value")
        is_lowest = is_number(value) and float(str(value)) < -1e30
        pools = all(user.operator.startswith("max_pool") for user in self.users.get(node.name, ()))
        if mode is None or (value and not (is_lowest and pools)):
            raise self.refuse(f"pads with {value if mode else node.arguments.get('mode')}", "pad with zeros")
        if 0 in sides or any(tensor.axes[at] is None for at in sides):
            order = tuple(range(0 if 0 in sides else 1, rank))
            tensor = LaidOut(self.arrange(tensor, order), axes_of(order, rank))
        by_axis = {tensor.axes[at]: pair for at, pair in sides.items()}
        settings: dict[str, Plain] = {}
        if spatial := [by_axis.get(axis, (0, 0)) for axis in range(1, len(self.shape(tensor.name)))]:
            each = tuple(side for pair in spatial for side in pair)
            settings["padding"] = each[0] if len(set(each)) == 1 else each
        if channels := by_axis.get(0):
            settings["channels"] = channels
        if mode != "zero":
            settings["mode"] = mode
        return LaidOut(self.emit("pad", (tensor.name,), settings), tensor.axes)

    def read_index(self, node: TorchNode) -> LaidOut:
        if node.operator == "index":
            indices = list(enumerate(items_of(node.arguments["indices"])))
        else:
            indices = [(whole(node.arguments["dim"]), node.arguments["index"])]
        used = [(at, index) for at, index in indices if isinstance(index, NodeRef)]
        found = [self.resolve(index.node) for _, index in used]
        is_fixed = all(
            isinstance(value, FixedTensor) or (isinstance(value, Stored) and not self._is_learned(value))
            for value in found
        )
        if not is_fixed or len(used) != 1:
            message = "looks up several axes together" if is_fixed else "looks up by computed indices"
            raise self.refuse(message, "" if is_fixed else "what depends on the numbers of a tensor has no fixed cost")
        tensor = self.tensor(node)
        at = used[0][0] % len(tensor.axes)
        sizes = self.sizes_of(found[0])
        axis = tensor.axes[at]
        if axis is None:
            raise self.refuse("looks up along an axis of size 1")
        settings: dict[str, Plain] = {"shape": sizes or (1,)}
        if axis != len(self.shape(tensor.name)) - 1:
            settings["axis"] = axis
        name = self.emit("gather", (tensor.name,), settings)
        more = len(sizes) - 1
        shifted = [None if other is None else other + more * (other > axis) for other in tensor.axes]
        return LaidOut(name, (*shifted[:at], *(axis + number for number in range(len(sizes))), *shifted[at + 1 :]))

    def _is_learned(self, value: Stored) -> bool:
        return any(self.program.stored[root].is_learned for root in value.roots)

    def read_pixel_shuffle(self, node: TorchNode) -> LaidOut:
        factor = next(value for key, value in node.arguments.items() if key != "self")
        tensor = self.tensor(node)
        order = tuple(range(len(tensor.axes) - 3, len(tensor.axes)))
        name = self.emit(node.operator, (self.arrange(tensor, order),), {"factor": whole(factor)})
        return LaidOut(name, axes_of(order, len(tensor.axes)))

    def read_channel_shuffle(self, node: TorchNode) -> LaidOut:
        name, axes = self.channels_first(self.tensor(node))
        return LaidOut(self.emit("channel_shuffle", (name,), {"groups": whole(node.arguments["groups"])}), axes)

    def channels_first(self, tensor: LaidOut) -> tuple[str, tuple[int | None, ...]]:
        """A tensor whose second axis is the channels, as PyTorch has it, as a layer with the channels first."""
        channels = 1 if len(tensor.axes) > 1 else 0
        rest = [at for at in order_of(tensor) if at != channels]
        order = (channels, *rest)
        return self.arrange(tensor, order), axes_of(order, len(tensor.axes))
