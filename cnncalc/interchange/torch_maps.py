"""Operators of PyTorch on maps: reductions, pools and resizing."""

from __future__ import annotations

from cnncalc.interchange.graph import Plain
from cnncalc.interchange.layout import LaidOut, axes_of, without_axes
from cnncalc.interchange.torch_elementwise import TorchElementwise
from cnncalc.interchange.torch_program import NodeRef, TorchNode, alike, wholes
from cnncalc.interchange.torch_values import FORGETS_AXES, Missing, Several, Value
from cnncalc.layers.shapes import times

REDUCTIONS = {"mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "max": "max", "min": "min"}
UPSAMPLES = {
    "upsample_nearest1d": "nearest",
    "upsample_nearest2d": "nearest",
    "upsample_nearest3d": "nearest",
    "_upsample_nearest_exact2d": "nearest",
    "upsample_linear1d": "bilinear",
    "upsample_bilinear2d": "bilinear",
    "upsample_trilinear3d": "bilinear",
    "upsample_bicubic2d": "bicubic",
}


class TorchMaps(TorchElementwise):
    """Reads operators on maps."""

    def read_reduction(self, node: TorchNode) -> Value:
        tensor = self.tensor(node)
        if isinstance(node.arguments.get("other"), NodeRef):
            return self.join_with(node, "maximum" if node.operator == "max" else "minimum", "other")
        rank = len(tensor.axes)
        given = node.arguments.get("dim")
        dims = [at % rank for at in wholes(given)] if given not in (None, ()) else list(range(rank))
        keeps = bool(node.arguments.get("keepdim"))
        reduced = self._reduce(tensor, dims, REDUCTIONS[node.operator], keeps, node)
        return Several((reduced, Missing("where a maximum is"))) if len(node.shapes) > 1 else reduced

    def read_norm(self, node: TorchNode) -> LaidOut:
        if (order := node.arguments.get("ord", node.arguments.get("p"))) not in (None, 2):
            raise self.refuse(f"has the order {order}", "use the order 2")
        tensor = self.tensor(node)
        given = node.arguments.get("dim")
        dims = [at % len(tensor.axes) for at in wholes(given)] if given else list(range(len(tensor.axes)))
        return self._reduce(tensor, dims, "norm", bool(node.arguments.get("keepdim")), node)

    def _reduce(self, tensor: LaidOut, dims: list[int], op: str, keeps: bool, node: TorchNode) -> LaidOut:  # noqa: FBT001
        axes = sorted(axis for at in dims if (axis := tensor.axes[at]) is not None)
        shape = self.shape(tensor.name)
        if op in ("mean", "max") and axes and axes == list(range(1, len(shape))):
            return self._pool_all(tensor, dims, "avg" if op == "mean" else "max", keeps, node)
        if not axes:
            return tensor if keeps else self.drop_axes(tensor, dims)
        settings: dict[str, Plain] = {"op": op}
        if len(axes) < len(shape):
            settings["axes"] = axes[0] if len(axes) == 1 else tuple(axes)
        if keeps:
            settings["keep_dims"] = True
            return self.each(tensor, "reduce", settings)
        name = self.emit("reduce", (tensor.name,), settings)
        return LaidOut(name, without_axes(tensor.axes, dims, set(axes)))

    def _pool_all(self, tensor: LaidOut, dims: list[int], kind: str, keeps: bool, node: TorchNode) -> LaidOut:  # noqa: FBT001
        """A global pool: a vector, unless the axes that it leaves are read."""
        if keeps and not self._forgets_axes(node):
            return self.each(tensor, f"global_{kind}_pool", {"keep_dims": True})
        name = self.emit(f"global_{kind}_pool", (tensor.name,), {})
        axes = tuple(axis if axis == 0 else None for axis in tensor.axes)
        return LaidOut(name, axes if keeps else tuple(axis for at, axis in enumerate(axes) if at not in dims))

    def _forgets_axes(self, node: TorchNode) -> bool:
        """Whether all that read a pooled tensor read it as a vector."""
        users = self.users.get(node.name, [])
        for user in users:
            if user.operator not in FORGETS_AXES:
                return False
            is_map = sum(size != 1 for size in user.shapes[0][1:]) > 1 or len(user.shapes[0]) > 2
            if is_map and not self._forgets_axes(user):
                return False
        return bool(users)

    def read_adaptive_pool(self, node: TorchNode) -> Value:
        tensor = self.tensor(node)
        rank = int(node.operator[-2])
        kind = node.operator.split("_")[1]
        order = self._map_order(tensor, rank)
        size = node.shapes[0][-rank:]
        laid_out = LaidOut(self.arrange(tensor, order), axes_of(order, len(tensor.axes)))
        if len(order) == rank + 1 and set(size) == {1}:
            dims = [len(tensor.axes) - 1 - at for at in range(rank)]
            pooled = self._pool_all(laid_out, dims, kind, True, node)
        elif len(order) > rank + 1:
            raise self.refuse("pools several samples apart")
        else:
            pooled = self.each(laid_out, f"adaptive_{kind}_pool", {"size": alike(size)})
        return Several((pooled, Missing("where a maximum is"))) if len(node.shapes) > 1 else pooled

    def _map_order(self, tensor: LaidOut, rank: int) -> tuple[int, ...]:
        """The axes of a map: its channels, samples if there are several, and its spatial axes."""
        axes = len(tensor.axes)
        channels = axes - rank - 1
        if channels < 0:
            raise self.refuse(f"needs {rank} spatial axes, got {times(self.sizes(tensor))}")
        samples = tuple(at for at in range(channels) if self.sizes(tensor)[at] != 1)
        return (channels, *samples, *range(channels + 1, axes))

    def _slide(self, node: TorchNode, tensor: LaidOut, rank: int) -> tuple[str, tuple[int | None, ...], int]:
        """The map of a layer with windows, its axes, and how many samples are axes before those of the windows."""
        order = self._map_order(tensor, rank)
        return self.arrange(tensor, order), axes_of(order, len(tensor.axes)), len(order) - rank - 1

    def _window(self, node: TorchNode, key: str, rank: int, samples: int, default: int) -> Plain | None:
        """A setting of windows; None if it has its default."""
        given = node.arguments.get(key)
        sizes = wholes(given) if given not in (None, ()) else ()
        sizes = sizes * rank if len(sizes) == 1 else sizes
        sizes = (default,) * samples + sizes if sizes else ()
        return None if not sizes or set(sizes) == {default} else alike(sizes)

    def read_pool(self, node: TorchNode) -> LaidOut:
        rank, kind = int(node.operator[-2]), node.operator[:8]
        if node.arguments.get("divisor_override"):
            raise self.refuse("divides by another number than that of its window")
        name, axes, samples = self._slide(node, self.tensor(node), rank)
        kernel = self._window(node, "kernel_size", rank, samples, 1) or 1
        settings: dict[str, Plain] = {"kernel": kernel}
        stride = node.arguments.get("stride")
        step = (self._window(node, "stride", rank, samples, 1) or 1) if stride not in (None, ()) else kernel
        if step != kernel:
            settings["stride"] = step
        for key, default in (("padding", 0), ("dilation", 1)):
            if (value := self._window(node, key, rank, samples, default)) is not None:
                settings[key] = value
        if node.arguments.get("ceil_mode"):
            settings["rounding"] = "ceil"
        if kind == "avg_pool" and "padding" in settings and node.arguments.get("count_include_pad") is False:
            settings["count_include_pad"] = False
        return LaidOut(self.emit(kind, (name,), settings), axes)

    def read_im2col(self, node: TorchNode) -> LaidOut:
        name, axes, samples = self._slide(node, self.tensor(node), 2)
        if samples:
            raise self.refuse("unfolds several samples apart")
        settings: dict[str, Plain] = {"kernel": self._window(node, "kernel_size", 2, 0, 1) or 1}
        for key, default in (("stride", 1), ("padding", 0), ("dilation", 1)):
            if (value := self._window(node, key, 2, 0, default)) is not None:
                settings[key] = value
        name = self.emit("unfold", (name,), settings)
        return self.reshape(LaidOut(name, axes), node.shapes[0])

    def read_col2im(self, node: TorchNode) -> LaidOut:
        tensor, size = self.tensor(node), wholes(node.arguments["output_size"])
        settings: dict[str, Plain] = {"kernel": self._window(node, "kernel_size", 2, 0, 1) or 1}
        for key, default in (("stride", 1), ("padding", 0), ("dilation", 1)):
            if (value := self._window(node, key, 2, 0, default)) is not None:
                settings[key] = value
        spread = []
        for axis in (0, 1):
            kernel, step, around, apart = (
                (wholes(node.arguments[key]) * 2)[axis] for key in ("kernel_size", "stride", "padding", "dilation")
            )
            spread.append((size[axis] + 2 * around - apart * (kernel - 1) - 1) // step + 1)
        made = self.reshape(tensor, (*self.sizes(tensor)[:2], *spread))
        name, axes, samples = self._slide(node, made, 2)
        if samples:
            raise self.refuse("folds several samples apart")
        return LaidOut(self.emit("fold", (name,), {**settings, "size": size}), axes)

    def read_upsample(self, node: TorchNode) -> LaidOut:
        rank = int(node.operator[-2])
        tensor = self.tensor(node)
        order = self._map_order(tensor, rank)
        if len(order) > rank + 1:
            raise self.refuse("resizes several samples apart")
        name = self.arrange(tensor, order)
        old, new = self.shape(name)[1:], node.shapes[0][-rank:]
        factors = {after // before if after % before == 0 else 0 for before, after in zip(old, new, strict=True)}
        factor = factors.pop() if len(factors) == 1 else 0
        has_factor = bool(node.arguments.get("scale_factors")) or not node.arguments.get("output_size")
        settings: dict[str, Plain] = {"factor": factor} if factor and has_factor else {"size": alike(new)}
        if (mode := UPSAMPLES[node.operator]) != "nearest":
            settings["mode"] = mode
        if node.arguments.get("align_corners"):
            settings["align_corners"] = True
        return LaidOut(self.emit("upsample", (name,), settings), axes_of(order, len(tensor.axes)))
