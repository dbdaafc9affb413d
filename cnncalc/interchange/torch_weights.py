"""Operators of PyTorch with weights: convolutions, linear layers, normalizations."""

from __future__ import annotations

from math import prod

from cnncalc.interchange.building import Settings
from cnncalc.interchange.graph import Plain
from cnncalc.interchange.layout import LaidOut, axes_of, order_of
from cnncalc.interchange.torch_maps import TorchMaps
from cnncalc.interchange.torch_program import NodeRef, TorchNode, alike, refs_of, whole, wholes
from cnncalc.interchange.torch_values import PARTS, REGROUPED, SAME, Missing, Several, Stored, Value, words

# What may be done with a weight before a layer uses it.
UNCHANGED = SAME | REGROUPED | words("expand")


class TorchWeights(TorchMaps):
    """Reads operators with weights."""

    def _weight(self, node: TorchNode, key: str) -> Stored | None:
        """The weight of a layer; None if it has none."""
        value = self.value(node, key)
        if value is None:
            return None
        if not isinstance(value, Stored):
            raise self.refuse(f"has a {key} that is computed from its input")
        return value

    def _needed_weight(self, node: TorchNode) -> Stored:
        weight = self._weight(node, "weight")
        if weight is None:
            raise self.refuse("has no weight")
        return weight

    def _own(self, *weights: Stored | None) -> tuple[str, ...]:
        """The parameters that are weights as they are, or parts of them. Refuses those that are computed."""
        roots: list[str] = []
        for weight in weights:
            if weight is None:
                continue
            operators = set() if weight.is_plain else self._operators(weight.node)
            if operators - UNCHANGED - PARTS or len(weight.roots) != 1:
                shown = ", ".join(sorted(operators - UNCHANGED - PARTS)) or "several parameters"
                raise self.refuse(f"has weights that are computed by {shown}", "compute them once, before the export")
            (root,) = weight.roots
            size = prod(self.program.stored[root].shape)
            if prod(weight.sizes) > size:
                raise self.refuse(f"repeats the {size:,} numbers of {self.program.stored[root].name} as its weights")
            roots.append(root if prod(weight.sizes) == size else self._part(weight.node, root))
        return tuple(roots)

    def _part(self, name: str, root: str) -> str:
        """A name for a part of a parameter, the same wherever it is cut out."""
        part = self._describe(name)
        self.parts[part] = root
        return part

    def _describe(self, name: str) -> str:
        node = self.nodes.get(name)
        if node is None:
            return name
        arguments = [
            self._describe(value.node) if isinstance(value, NodeRef) else repr(value)
            for value in node.arguments.values()
        ]
        return f"{node.operator}({', '.join(arguments)})"

    def _split_bias(self, bias: Stored | None) -> tuple[Stored | None, Stored | None]:
        """A bias that is a parameter, and one that is computed, which has to be added."""
        if bias is None or bias.is_plain:
            return bias, None
        is_own = len(bias.roots) == 1 and not self._operators(bias.node) - UNCHANGED - PARTS
        return (bias, None) if is_own else (None, bias)

    def _add(self, tensor: LaidOut, added: Stored | None, channels: int, node: TorchNode) -> LaidOut:
        """The sum of a tensor and of a computed bias, which is along the axis `channels`."""
        if added is None:
            return tensor
        bias = self.lay_out(added)
        bias = LaidOut(bias.name, bias.axes + (None,) * (len(tensor.axes) - 1 - channels))
        return self._join("add", (tensor, bias), node)

    def _operators(self, name: str) -> set[str]:
        """The operators that compute a value from parameters."""
        found: set[str] = set()
        waiting = [name]
        seen = set()
        while waiting:
            node = self.nodes.get(waiting.pop())
            if node is None or node.name in seen:
                continue
            seen.add(node.name)
            found.add(node.operator)
            waiting.extend(refs_of(node.arguments.values()))
        return found

    def _conv_weights(self, weight: Stored, bias: Stored | None) -> tuple[tuple[str, ...], Settings]:
        """The parameters of a convolution; those of a standardized one have a gain or none."""
        operators = set() if weight.is_plain else self._operators(weight.node)
        if "batch_norm" not in operators:
            return self._own(weight, bias), {}
        main = max(weight.roots, key=lambda root: prod(self.program.stored[root].shape))
        others = [root for root in weight.roots if root != main]
        if len(others) > 1:
            raise self.refuse("standardizes its weights with several parameters")
        return (main, *others, *self._own(bias)), {"standardize": "gain" if others else "plain"}

    def read_conv(self, node: TorchNode) -> LaidOut:
        rank = int(node.operator[-2])
        weight = self._needed_weight(node)
        bias, added = self._split_bias(self._weight(node, "bias"))
        if len(weight.roots) == 1 and prod(weight.sizes) == prod(weight.sizes[2:]) * prod(weight.sizes[:1]):
            shared = self.program.stored[weight.roots[0]].shape
            if weight.sizes[0] > 1 and bias is None and prod(shared) == prod(weight.sizes[2:]):
                return self._conv_of_each(node, weight)
        name, axes, samples = self._slide(node, self.tensor(node), rank)
        filters, channels = weight.sizes[0], self.shape(name)[0]
        groups = whole(node.arguments.get("groups", 1))
        kernel = alike((1,) * samples + weight.sizes[2:])
        roots, settings = self._conv_weights(weight, bias)
        is_depthwise = 1 < groups == channels and not settings
        settings = {**({} if is_depthwise else {"filters": filters}), "kernel": kernel, **settings}
        for key, default in (("stride", 1), ("padding", 0), ("dilation", 1)):
            if isinstance(given := node.arguments.get(key), str):
                settings[key] = given
            elif (value := self._window(node, key, rank, samples, default)) is not None:
                settings[key] = value
        if is_depthwise and filters != channels:
            settings["multiplier"] = filters // channels
        elif groups != 1 and not is_depthwise:
            settings["groups"] = groups
        if bias is None:
            settings["bias"] = False
        made = LaidOut(self.emit("depthwise_conv" if is_depthwise else "conv", (name,), settings, roots), axes)
        return self._add(made, added, len(made.axes) - rank - 1, node)

    def _conv_of_each(self, node: TorchNode, weight: Stored) -> LaidOut:
        """A convolution of each channel by the same filter, such as a blur: channels are an axis of a map."""
        rank = int(node.operator[-2])
        name, axes, samples = self._slide(node, self.tensor(node), rank)
        if samples or whole(node.arguments.get("groups", 1)) != self.shape(name)[0]:
            raise self.refuse("repeats a filter for other than each channel")
        name = self._reshape(name, (1, *self.shape(name)))
        settings: dict[str, Plain] = {"filters": 1, "kernel": alike((1, *weight.sizes[2:]))}
        for key, default in (("stride", 1), ("padding", 0), ("dilation", 1)):
            if (value := self._window(node, key, rank, 1, default)) is not None:
                settings[key] = value
        settings["bias"] = False
        name = self.emit("conv", (name,), settings, weight.roots)
        return LaidOut(self._reshape(name, self.shape(name)[1:]), axes)

    def read_conv_transpose(self, node: TorchNode) -> LaidOut:
        rank = int(node.operator[-2])
        weight, bias = self._needed_weight(node), self._weight(node, "bias")
        name, axes, samples = self._slide(node, self.tensor(node), rank)
        groups = whole(node.arguments.get("groups", 1))
        settings: dict[str, Plain] = {
            "filters": weight.sizes[1] * groups,
            "kernel": alike((1,) * samples + weight.sizes[2:]),
        }
        for key, default in (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1)):
            if (value := self._window(node, key, rank, samples, default)) is not None:
                settings[key] = value
        if groups != 1:
            settings["groups"] = groups
        if bias is None:
            settings["bias"] = False
        return LaidOut(self.emit("conv_transpose", (name,), settings, self._own(weight, bias)), axes)

    def read_deform_conv(self, node: TorchNode) -> LaidOut:
        weight, bias = self._needed_weight(node), self._weight(node, "bias")
        arguments = node.arguments
        names: list[str] = []
        axes: tuple[int | None, ...] = ()
        for key in ("input", "offset", *(("mask",) if arguments.get("use_mask") else ())):
            name, axes, _ = self._slide(node, self.tensor(node, key), 2)
            names.append(name)
        settings: dict[str, Plain] = {"filters": weight.sizes[0], "kernel": alike(weight.sizes[2:])}
        for key, short, default in (("stride", "stride", 1), ("padding", "pad", 0), ("dilation", "dilation", 1)):
            sizes = tuple(whole(arguments.get(f"{short}_{side}", default)) for side in ("h", "w"))
            if sizes != (default, default):
                settings[key] = alike(sizes)
        if whole(arguments.get("groups", 1)) != 1:
            settings["groups"] = whole(arguments["groups"])
        return LaidOut(self.emit("deform_conv", tuple(names), settings, self._own(weight, bias)), axes)

    def read_linear(self, node: TorchNode) -> LaidOut:
        weight = self._needed_weight(node)
        bias, added = self._split_bias(self._weight(node, "bias"))
        made = self._linear(self.tensor(node), weight.sizes[0], self._own(weight, bias), has_bias=bias is not None)
        return self._add(made, added, len(made.axes) - 1, node)

    def _linear(self, tensor: LaidOut, features: int, roots: tuple[str, ...], *, has_bias: bool) -> LaidOut:
        if tensor.axes[-1] is None:
            order = (*order_of(tensor), len(tensor.axes) - 1)
            tensor = LaidOut(self.arrange(tensor, order), axes_of(order, len(tensor.axes)))
        axis = tensor.axes[-1] or 0
        settings: dict[str, Plain] = {"features": features}
        if len(self.shape(tensor.name)) > 1:
            settings["axis"] = axis
        if not has_bias:
            settings["bias"] = False
        return self.each(tensor, "linear", settings, roots)

    def read_addmm(self, node: TorchNode) -> LaidOut:
        bias, weight = self._weight(node, "self"), self._weight(node, "mat2")
        if weight is None or bias is None or prod(bias.sizes) != weight.sizes[1]:
            raise self.refuse("adds a product of tensors to other than a bias")
        roots = (*weight.roots, *self._own(bias))
        return self._linear(self.tensor(node, "mat1"), weight.sizes[1], roots, has_bias=True)

    def read_embedding(self, node: TorchNode) -> LaidOut:
        weight = self._needed_weight(node)
        tensor = self.tensor(node, "indices")
        rank = len(tensor.axes)
        order = [at for at, axis in enumerate(tensor.axes) if axis is not None]
        shape = self.shape(tensor.name)
        name = self._reshape(self.arrange(tensor, order), (1, *shape))
        settings: dict[str, Plain] = {"vocabulary": weight.sizes[0], "features": weight.sizes[1]}
        name = self.emit("embedding", (name,), settings, self._own(weight))
        return LaidOut(name, (*(1 + order.index(at) if at in order else None for at in range(rank)), 0))

    def read_recurrence(self, node: TorchNode) -> Value:
        params = [self.resolve(name) for name in refs_of([node.arguments["params"]])]
        if not all(isinstance(item, Stored) for item in params) or "batch_sizes" in node.arguments:
            raise self.refuse("has weights that are computed, or sequences of several lengths")
        weights = [item for item in params if isinstance(item, Stored)]
        directions = 2 if node.arguments.get("bidirectional") else 1
        layers = whole(node.arguments["num_layers"])
        has_bias = bool(node.arguments.get("has_biases"))
        if len(weights) != layers * directions * (4 if has_bias else 2):
            raise self.refuse("projects its state")
        tensor = self.tensor(node, "input")
        is_first = bool(node.arguments.get("batch_first"))
        time = 1 if is_first and len(tensor.axes) == 3 else 0
        if any(size != 1 for at, size in enumerate(self.sizes(tensor)[:-1]) if at != time):
            raise self.refuse("reads several sequences apart")
        name = self.arrange(tensor, (len(tensor.axes) - 1, time))
        settings: dict[str, Plain] = {"hidden": weights[1].sizes[1]}
        if layers > 1:
            settings["layers"] = layers
        if directions > 1:
            settings["bidirectional"] = True
        if not has_bias:
            settings["bias"] = False
        name = self.emit(node.operator, (name,), settings, tuple(root for item in weights for root in item.roots))
        axes = tuple(1 if at == time else 0 if at == len(tensor.axes) - 1 else None for at in range(len(tensor.axes)))
        state = Missing("the last state of a recurrent layer; read its output at the last step instead")
        return Several((LaidOut(name, axes), *(state for _ in node.shapes[1:])))

    def read_batch_norm(self, node: TorchNode) -> LaidOut:
        return self._channel_norm(node, "batch_norm")

    def read_instance_norm(self, node: TorchNode) -> LaidOut:
        return self._channel_norm(node, "instance_norm")

    def _channel_norm(self, node: TorchNode, kind: str) -> LaidOut:
        weight, bias = self._weight(node, "weight"), self._weight(node, "bias")
        mean = self._weight(node, "running_mean")
        name, axes = self.channels_first(self.tensor(node))
        settings: dict[str, Plain] = {}
        is_batch = kind == "batch_norm"
        if (mean is not None) != is_batch:
            settings["track_statistics"] = mean is not None
        has_affine = weight is not None or bias is not None
        if has_affine != is_batch:
            settings["affine"] = has_affine
        if has_affine and (weight is None or bias is None):
            if not is_batch:
                raise self.refuse("has a factor and no addend, or the reverse")
            settings["scale" if weight is None else "center"] = False
        return LaidOut(self.emit(kind, (name,), settings, self._own(weight, bias)), axes)

    def read_layer_norm(self, node: TorchNode) -> LaidOut:
        return self._axes_norm(node, "layer_norm")

    def read_rms_norm(self, node: TorchNode) -> LaidOut:
        return self._axes_norm(node, "rms_norm")

    def _axes_norm(self, node: TorchNode, kind: str) -> LaidOut:
        weight, bias = self._weight(node, "weight"), self._weight(node, "bias")
        tensor = self.tensor(node)
        counted = len(wholes(node.arguments["normalized_shape"]))
        axes = sorted(axis for axis in tensor.axes[-counted:] if axis is not None)
        shape = self.shape(tensor.name)
        settings: dict[str, Plain] = {}
        if axes == [0] and len(shape) > 1:
            settings["axes"] = "channels"
        elif len(axes) < len(shape):
            settings["axes"] = axes[0] if len(axes) == 1 else tuple(axes)
        has_factor_alone = kind == "layer_norm" and weight is not None and bias is None
        if weight is None or has_factor_alone:
            settings["affine"] = False
        if not has_factor_alone or weight is None:
            return self.each(tensor, kind, settings, self._own(weight, bias))
        return self.lay_out(self._join_values("mul", (self.each(tensor, kind, settings), weight), node))

    def read_group_norm(self, node: TorchNode) -> LaidOut:
        weight, bias = self._weight(node, "weight"), self._weight(node, "bias")
        name, axes = self.channels_first(self.tensor(node))
        settings: dict[str, Plain] = {"groups": whole(node.arguments["num_groups"])}
        if weight is None or bias is None:
            settings["affine"] = False
        made = LaidOut(self.emit("group_norm", (name,), settings, self._own(weight, bias) if bias else ()), axes)
        return self.each(made, "scale", {}, self._own(weight)) if weight and not bias else made

    def read_prelu(self, node: TorchNode) -> LaidOut:
        weight = self._needed_weight(node)
        name, axes = self.channels_first(self.tensor(node))
        settings = {"per_channel": True} if prod(weight.sizes) > 1 else {}
        return LaidOut(self.emit("prelu", (name,), settings, weight.roots), axes)
