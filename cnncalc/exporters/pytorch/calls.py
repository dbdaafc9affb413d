"""The modules of layers and blocks: how the constructor makes them, and which of them share weights."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cnncalc.errors import Problem
from cnncalc.exporters.python_code import WrittenExpression, as_identifier, fold
from cnncalc.exporters.pytorch.classes import LONGEST_CHANNELS, ClassWriter
from cnncalc.exporters.pytorch.expressions import (
    CannotWriteError,
    ItemPlace,
    LayerPlace,
    NotChainError,
    TensorValue,
    Use,
    same,
    split_by,
)
from cnncalc.exporters.pytorch.inputs import Names, TensorReader
from cnncalc.exporters.pytorch.layers import SAME_CHANNELS, TorchCode, UnsupportedLayer, write_layer
from cnncalc.exporters.pytorch.program import walk
from cnncalc.network.build.names import join_path
from cnncalc.network.build.trace import Step
from cnncalc.spec.records import (
    Item,
)


class ModuleWriter(TensorReader):
    """Writes the modules of layers and blocks."""

    def code_of(self, uses: list[Use], inputs: list[TensorValue], names: Names) -> TorchCode:
        """The code of a layer. A layer that PyTorch does not have becomes a problem of the file."""
        place = LayerPlace(self.writer, uses, inputs, names)
        try:
            return write_layer(place)
        except UnsupportedLayer as error:
            step = uses[0][1]
            hint = "replace it with layers that PyTorch has"
            self.file.add_problem(Problem(step.item.span, f"{step.path}: {error}", hint))  # type: ignore[union-attr]
            return TorchCode("nn.Identity()", channels=None)

    def attribute(self, item: Item, uses: list[Use], name: str) -> str:
        """A free name of an attribute: the item's own name, or with those of the branches and groups around it."""
        otherwise = as_identifier(item.type)
        own = name.rpartition(".")[2]
        is_alone = self.alone.get(id(item))
        if is_alone and item.name is None:
            return self.writer.attribute(is_alone, otherwise)
        short = name if self.unrolled else own
        if as_identifier(short, otherwise) not in self.writer.attributes.taken:
            return self.writer.attribute(short, otherwise)
        return self.writer.attribute(name, otherwise)

    def freezing(self, uses: list[Use]) -> str:
        """What freezes the weights of a layer; those of a block are frozen where the block is used."""
        steps = [step for _, step in uses]
        split_by(uses, [step.layer is not None and step.layer.frozen for step in steps])
        layer = steps[0].layer
        is_outer = all(self.frames[number].names.frozen for number, _ in uses)
        is_parameter = layer is not None and not layer.figures.type.least_inputs
        is_frozen = (
            layer is not None and layer.frozen and bool(layer.figures.weights) and not (is_outer or is_parameter)
        )
        return ".requires_grad_(False)" if is_frozen else ""

    def _shared_module(self, uses: list[Use]) -> str:
        """The module whose weights a layer shares."""
        owners = [self._inner_owner(number, step) for number, step in uses]
        if not any(owners):
            return ""
        texts = [
            self.find_module(number, owner) if owner is not None else None
            for (number, _), owner in zip(uses, owners, strict=True)
        ]
        split_by(uses, texts)
        if texts[0] is None:
            raise NotChainError
        return texts[0]

    def _inner_owner(self, number: int, step: Step) -> str | None:
        """The layer of the same use of the class whose weights a layer shares; others are the caller's concern."""
        owner = step.layer.weights_from if step.layer is not None else None
        around = self.frames[number].path
        return owner if owner is None or not around or owner.startswith(f"{around}.") else None

    def find_module(self, number: int, path: str) -> str | None:
        """The source of the module of a layer or block by its full name."""
        known = self.writer.modules[number]
        if path in known:
            return known[path]
        relative = ""
        while "." in path:
            path, _, last = path.rpartition(".")
            relative = join_path(last, relative) if relative else last
            if path in known and known[path] in self.writer.parts:
                inner = type(self)(self.writer.parts[known[path]])
                found = inner.find_module(0, join_path(inner.frames[0].path, relative))
                return None if found is None else f"{known[path]}.{found.removeprefix('self.')}"
        return None

    def _shared_call(self, uses: list[Use]) -> str:
        """The module of a block whose weights this one shares."""
        texts = []
        for number, step in uses:
            owner = self._owner_of(number, step)
            texts.append(None if owner is None else self.find_module(number, owner))
            if owner is not None and texts[-1] is None:
                raise NotChainError
        split_by(uses, texts)
        return texts[0] or ""

    def _owner_of(self, number: int, step: Step) -> str | None:
        """The block of the same use of the class whose weights a block shares."""
        for inner in walk(step):
            owner = self._inner_owner(number, inner)
            if owner is not None and inner.layer is not None:
                suffix = inner.layer.name[len(step.path) :]
                if owner.endswith(suffix):
                    path = owner[: len(owner) - len(suffix)]
                    return None if path == step.path or path.startswith(f"{step.path}.") else path
        return None

    def _freeze_call(self, item: Item, attribute: str) -> None:
        lines = self.writer.lines
        if item.frozen is True:
            lines.append(f"self.{attribute}.requires_grad_(False)")
        elif item.frozen:
            lines += freeze_types(sorted(item.frozen), f"self.{attribute}")

    def call_text(self, uses: list[Use], inputs: list[TensorValue], names: Names) -> tuple[ClassWriter, str]:
        """The class of a block, and the source that creates its module."""
        inner = self._class_of(uses)
        place = ItemPlace(self.writer, uses, inputs, names)
        numbers = [self._frame_number(inner, step) for _, step in uses]
        texts = []
        for argument in inner.signature:
            values = [argument.values[number] for number in numbers]
            written = self._argument(argument, values, place)
            if written is None:
                continue
            is_named = argument.default is not None or argument.kind in ("outer", "extra")
            texts.append(f"{argument.identifier}={written.text}" if is_named else written.text)
        return inner, f"{inner.name}({', '.join(texts)})"

    def _class_of(self, uses: list[Use]) -> ClassWriter:
        classes = [self.file.class_for(step) for _, step in uses]
        split_by(uses, [each.name for each in classes])
        if id(classes[0]) in self.file.open:
            classes[0].is_recursive = True
        return classes[0]

    def _frame_number(self, inner: ClassWriter, step: Step) -> int:
        return next(number for number, frame in enumerate(inner.frames) if frame is step)

    def _argument(self, argument, values, place: ItemPlace) -> WrittenExpression | None:  # type: ignore[no-untyped-def]
        """The source of an argument; None if the default serves."""
        if argument.kind == "channels":
            try:
                return place.channels(argument.number)
            except CannotWriteError:
                return place.constant(values, argument.name)
        if argument.kind == "block":
            given = [getattr(step.action, "arguments", {}).get(argument.name) for _, step in place.uses]
            if argument.default is not None and all(template is None for template in given):
                return None
            if all(template is given[0] for template in given) and given[0] is not None:
                try:
                    return place.write(given[0])
                except CannotWriteError:
                    pass
            return place.constant(values, argument.name)
        if argument.kind == "outer":
            try:
                if argument.name in place.names:
                    return place.names[argument.name]
                outer = place.name_values(argument.name)
                if all(same(one, other) for one, other in zip(outer, values, strict=True)):
                    return self.writer.write_name(argument.name, place, in_forward=False)
            except CannotWriteError:
                pass
        return place.constant(values, argument.name)

    def _call_channels(
        self, inner: ClassWriter, uses: list[Use], inputs: list[TensorValue], names: Names, attribute: str
    ) -> WrittenExpression | None:
        """The channels of a block's output: its own expression over the arguments of the call, or its attribute."""
        counts = [step.result.shape.channels for _, step in uses if step.result is not None and step.result.shape]
        if id(inner) in self.file.open:
            return WrittenExpression(str(counts[0])) if len(set(counts)) == 1 else None
        written = self.out_channels(inner, uses, inputs, names)
        if written is not None:
            return written
        if inner.keeps_channels:
            inner.uses_out_channels = True
            return WrittenExpression(f"{attribute}.out_channels")
        if len(counts) == len(uses) and len(set(counts)) == 1:
            return WrittenExpression(str(counts[0]))
        return None

    def out_channels(
        self, inner: ClassWriter, uses: list[Use], inputs: list[TensorValue], names: Names
    ) -> WrittenExpression | None:
        """The channels of a block's output over the arguments of a call; None if only the block knows them."""
        out = inner.out_channels
        if out is None:
            return None
        if out.text.isdigit():
            return out
        place = ItemPlace(self.writer, uses, inputs, names)
        numbers = [self._frame_number(inner, step) for _, step in uses]
        text = out.text
        used = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))
        known = {argument.identifier: argument for argument in inner.arguments}
        if not used <= {*known, *WORDS}:
            return None
        replaced: dict[str, WrittenExpression] = {}
        for identifier in used & set(known):
            argument = known[identifier]
            values = [argument.values[number] for number in numbers]
            written = self._argument(argument, values, place)
            if written is None:
                written = WrittenExpression(str(argument.default))
            replaced[identifier] = written
        binding = out.binding
        if len(replaced) == 1 and text in replaced:
            return replaced[text]
        # Two steps, so that an argument is not taken for a name of the block.
        for number, identifier in enumerate(replaced):
            text = re.sub(rf"(?<![\w.]){identifier}\b", f"\x01{number}\x01", text)
        for number, written in enumerate(replaced.values()):
            text = text.replace(f"\x01{number}\x01", written.at_least(11))
        result = fold(WrittenExpression(text, binding))
        return result if len(used) <= 2 or len(result.text) <= LONGEST_CHANNELS else None

    def _out_channels(self, code: TorchCode, uses: list[Use], inputs: list[TensorValue]):  # type: ignore[no-untyped-def]
        if code.channels == SAME_CHANNELS:
            if inputs:
                value = inputs[0]
                return lambda: value.channels
            return None
        if code.channels is not None:
            return code.channels
        counts = [step.layer.output_shape.channels for _, step in uses if step.layer is not None]
        if len(counts) == len(uses) and len(set(counts)) == 1:
            return WrittenExpression(str(counts[0]))
        return None


# What an expression may use besides arguments.
WORDS = frozenset({"round", "max", "min", "int", "math", "make_divisible", "if", "else"})


def freeze_types(types: Sequence[str], module: str) -> list[str]:
    """Statements that freeze the layers of some types."""
    from cnncalc.layers import find

    classes: list[str] = []
    for name in types:
        kind = find(name)
        torch_name = kind.pytorch if kind is not None else ""
        if torch_name in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm"):
            classes += [f"nn.{torch_name}{rank}d" for rank in (1, 2, 3)]
        elif torch_name and torch_name[0].isupper():
            classes.append(f"nn.{torch_name}")
    if not classes:
        return []
    return [
        f"for module in {module}.modules():",
        f"    if isinstance(module, {' | '.join(classes)}):",
        "        module.requires_grad_(False)",
    ]
