"""The names in a function of generated Keras code: of layers, variables and tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncalc.exporters.keras.layers import MixedUse, is_operation_name
from cnncalc.exporters.keras.module import LOCAL_NAMES, CodeLines
from cnncalc.exporters.keras.plan import (
    Definition,
    FunctionPlan,
    NameParts,
    Resolved,
    Sample,
    ScopeNode,
    constant_name,
    has_fraction,
    join_parts,
    texts_match,
)
from cnncalc.exporters.keras.values import ExpressionScope
from cnncalc.exporters.python_code import (
    ATOM,
    IdentifierTable,
    WrittenExpression,
    as_identifier,
    write_text,
)
from cnncalc.record import Record
from cnncalc.spec.records import (
    Branch,
    Item,
)
from cnncalc.spec.templates import (
    SHAPE,
)
from cnncalc.syntax.expressions import (
    Name,
)

if TYPE_CHECKING:
    from cnncalc.exporters.keras.blocks import KerasStructure


class CodeFrame:
    """Where an item stands while its code is written: its names, its values and the loops around it."""

    def __init__(
        self,
        scope: ScopeNode,
        path: tuple[str | WrittenExpression, ...],
        values: Mapping[str, str],
        samples: list[Sample],
        passes: tuple[str, ...] = (),
    ) -> None:
        self.scope = scope
        self.path = path
        self.values = values
        self.samples = samples
        # The identifiers of the numbers of passes that names without a number need.
        self.passes = passes

    def enter(self, scope: ScopeNode, path: tuple[str | WrittenExpression, ...]) -> CodeFrame:
        return CodeFrame(scope, path, self.values, self.samples)

    def bind(self, values: Mapping[str, str], samples: list[Sample], passes: tuple[str, ...]) -> CodeFrame:
        return CodeFrame(self.scope, self.path, {**self.values, **values}, samples, passes)


class ItemSpot(Record):
    """An item that is being written: its frame, the tensors that enter it, each with its name inside a block, and the
    tensor of the item above; the variable of its output, and its path.
    """

    item: Item
    frame: CodeFrame
    operands: tuple[tuple[str | None, str], ...]
    current: str | None
    target: str
    path: tuple[str | WrittenExpression, ...] = ()

    @property
    def start(self) -> str | None:
        """The only tensor that enters it."""
        return self.operands[0][1] if len(self.operands) == 1 else None


class CodeNames:
    """The names, identifiers and references of a function that is being written."""

    def __init__(self, writer: KerasStructure, plan: FunctionPlan) -> None:
        self.writer = writer
        self.plan = plan
        self.code = CodeLines()
        self.is_main = plan is writer.plan.main
        variables = writer.variables(plan.spec)
        used = [variables[name] for name in (variables if self.is_main else writer.free_variables(plan))]
        reserved = (*writer.module.identifiers.taken, *used, *LOCAL_NAMES)
        self.table = IdentifierTable(reserved)
        self.values: dict[str, str] = dict(variables)
        self.inputs: dict[str, str] = {}
        self.active: list[str] = []
        self.extra_outputs: list[str] = []
        self.training_outputs: list[str] = []
        self.has_auxiliary_heads = False
        self.loop_depth = 0
        self.model_inputs: list[str] = []
        self.shared: dict[int, str] = {}
        self.parameters: list[str] = []
        if plan.block is not None:
            for parameter in plan.block.parameters:
                self.values[parameter.name] = self.table.take(parameter.name)
        for definition in plan.definitions:
            self._name_variables(definition)

    def _name_variables(self, definition: Definition) -> None:
        if definition.needs_variable:
            same = [
                one.variable
                for one in self.plan.definitions
                if one.scope is definition.scope and one.parts == definition.parts and one.variable
            ]
            text = "".join(part for part in definition.parts if isinstance(part, str)).replace(".", "_")
            definition.variable = (
                same[0] if same else self.table.take(text or definition.label, as_identifier(definition.label))
            )
        for inner in definition.inner:
            base = "_".join([*(part for part in definition.parts if isinstance(part, str)), inner]).replace(".", "_")
            definition.inner[inner] = self.table.take(base, as_identifier(definition.label))

    def is_typed(self, name: str) -> bool:
        return self.writer.is_typed(self.plan, name)

    def add_input(self, variable: str, name: str, shape: str) -> None:
        self.model_inputs.append(variable)
        self.code.add(f"{variable} = keras.Input({shape}, name={write_text(clean_name(name))})")

    def _free_name(self, base: str) -> str:
        taken = {*self.table.taken, *self.active}
        candidate, count = base, 1
        while candidate in taken:
            count += 1
            candidate = f"{base}_{count}"
        return candidate

    @staticmethod
    def _is_whole(samples: list[Sample], name: str) -> bool:
        """Whether all values of a name are whole numbers, or lists of them."""
        values = [sample[name] for sample in samples if name in sample]
        return bool(values) and not any(map(has_fraction, values))

    # --- names ---

    def label(self, path: tuple[str | WrittenExpression, ...], suffix: str = "") -> str:
        """The source of a layer's name."""
        if self.is_main and self.writer.has_operations and path:
            text = "".join(part if isinstance(part, str) else "0" for part in (*path, suffix))
            if is_operation_name(clean_name(text)):
                suffix += "_layer"
        return format_text((*path, suffix) if suffix else path, "_", clean=True)

    def _own_path(self, definition: Definition, frame: CodeFrame) -> tuple[str | WrittenExpression, ...]:
        """The path of an item: that of its scope, its name, and the numbers of passes that the name lacks."""
        item = definition.call
        if item is not None and item.name is None:
            sites = definition.scope.unnamed.get(definition.label, [])
            if frame.passes:
                parts: list[str | WrittenExpression] = [constant_name(definition.parts) or definition.label]
                if len(sites) > 1 and parts[0] == definition.label:
                    parts = [f"{definition.label}_1"]
                for number in frame.passes:
                    parts += ["_", WrittenExpression(number)]
                return (*frame.path, *separated(frame.path), *parts)
        return (*frame.path, *separated(frame.path), *self._name_pieces(definition.parts, frame))

    def _name_pieces(self, parts: NameParts, frame: CodeFrame) -> list[str | WrittenExpression]:
        pieces: list[str | WrittenExpression] = []
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            written = self.expressions(frame, None).write(part, whole=True)
            tree = part.expression.tree
            if isinstance(tree, Name) and any(isinstance(sample.get(tree.name), str) for sample in frame.samples):
                written = WrittenExpression(f"{written.at_least(ATOM)}.replace('.', '_')")
            pieces.append(written)
        return pieces

    def _key(self, definition: Definition, frame: CodeFrame, numbers: tuple[str, ...] = ()) -> str:
        """The source of the full name of a definition in this function."""
        pieces = self._key_pieces(definition, frame)
        for number in numbers:
            pieces += [".", WrittenExpression(number)]
        return format_text(tuple(pieces), "")

    def _key_pieces(self, definition: Definition, frame: CodeFrame) -> list[str | WrittenExpression]:
        names = [scope.parts for scope in list(definition.scope.chain())[::-1]]
        return [
            part if isinstance(part, str) else self.expressions(frame, None).write(part, whole=True)
            for part in join_parts(*names, definition.parts)
        ]

    def expressions(self, frame: CodeFrame, tensor: str | None, item: Item | Branch | None = None) -> ExpressionScope:
        return ExpressionScope(self, frame.values, frame.samples, tensor, ShapeSources(self, frame, tensor))

    # --- references ---

    def source(self, key: object, parts: NameParts, frame: CodeFrame, current: str | None) -> str:
        """The source of the tensor that a name means."""
        name = constant_name(parts)
        if name == "previous":
            if current is None:
                raise MixedUse
            return current
        if name is not None and name in self.inputs:
            return self.inputs[name]
        if self.plan.form.is_list and str(parts[0]).startswith("input."):
            if name is not None:
                return f"inputs[{name.removeprefix('input.')}]"
            pieces = self._name_pieces(parts[1:], frame)
            if parts[0] != "input." or len(pieces) != 1 or isinstance(pieces[0], str):
                raise MixedUse
            return f"inputs[{pieces[0].text}]"
        if key in self.plan.word_sources:
            return f"outputs[{frame.values[name or '']}]"
        return self._source_of(self.plan.resolved[key], parts, frame)

    def _source_of(self, resolved: Resolved, parts: NameParts, frame: CodeFrame) -> str:
        definition = resolved.definition
        if definition is None:
            pieces = [
                part if isinstance(part, str) else self.expressions(frame, None).write(part, whole=True)
                for part in parts
            ]
            prefix = self._key_prefix(parts, frame)
            return f"outputs[{format_text((*prefix, *pieces), '')}]"
        return definition.inner[resolved.inner] if resolved.inner else definition.variable

    def _key_prefix(self, parts: NameParts, frame: CodeFrame) -> list[str | WrittenExpression]:
        """The scope in which a computed name is found, as a prefix of its key."""
        for scope in frame.scope.chain():
            names = [one.parts for one in list(scope.chain())[::-1]]
            full = join_parts(*names, parts)
            if any(self._may_hold(one, full) for one in self.plan.definitions):
                pieces = [
                    part if isinstance(part, str) else self.expressions(frame, None).write(part, whole=True)
                    for part in join_parts(*names)
                ]
                return [*pieces, "."] if pieces else []
        return []

    def _may_hold(self, one: Definition, full: NameParts) -> bool:
        own = join_parts(*(scope.parts for scope in list(one.scope.chain())[::-1]), one.parts)
        if one.needs_key and texts_match(own, full):
            return True
        return (one.merges_keys and texts_match((*own, ".0"), (*full[:1],))) or (one.merges_keys and _begins(own, full))


class ShapeSources(dict[str, str]):
    """The variables of the tensors whose shapes an item uses, by their names."""

    def __init__(self, owner: CodeNames, frame: CodeFrame, current: str | None) -> None:
        super().__init__()
        self.owner = owner
        self.frame = frame
        self.current = current

    def __missing__(self, name: str) -> str:
        return self.owner.source((SHAPE, id(self.frame.scope), name), (name,), self.frame, self.current)


def separated(path: tuple[str | WrittenExpression, ...]) -> tuple[str, ...]:
    return ("_",) if path else ()


def clean_name(text: str) -> str:
    """A text as part of a layer's name that all backends of Keras accept."""
    return re.sub(r"[./+]", "_", text)


def _begins(own: NameParts, full: NameParts) -> bool:
    return any(
        texts_match(own, full[:cut]) or texts_match(own, _without_end(full[:cut])) for cut in range(1, len(full) + 1)
    )


def _without_end(parts: NameParts) -> NameParts:
    last = parts[-1]
    return (*parts[:-1], last.rpartition(".")[0] or last.rstrip(".")) if isinstance(last, str) else parts


def format_text(path: tuple[str | WrittenExpression, ...], separator: str, *, clean: bool = False) -> str:
    """The source of a text with values in it."""
    texts = [clean_name(part).replace(".", separator) if clean and isinstance(part, str) else part for part in path]
    if all(isinstance(part, str) for part in texts):
        return write_text("".join(map(str, texts)))
    if len(texts) == 1 and isinstance(texts[0], WrittenExpression) and texts[0].text in ("name", "key"):
        return texts[0].text
    pieces = []
    for part in texts:
        if isinstance(part, str):
            pieces.append(write_text(part)[1:-1].replace("{", "{{").replace("}", "}}"))
        elif re.search(r"[\"\\{}]", part.text):
            raise MixedUse
        else:
            pieces.append(f"{{{part.text}}}")
    return f'f"{"".join(pieces)}"'
