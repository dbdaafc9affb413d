"""The names that layers and blocks read, and why a name cannot be read at its place."""

from __future__ import annotations

import re
from itertools import chain

from cnncalc import limits
from cnncalc.errors import Problem, Span, did_you_mean, listed, quoted
from cnncalc.limits import Cost
from cnncalc.network.build.draft import Draft
from cnncalc.network.build.scope import ItemScope, Tensor
from cnncalc.spec.records import Block, Reads, Spec, reads_of
from cnncalc.spec.templates import EvaluationError

# What to do about a name that no layer has, where none is near.
NAME_IT = "give the layer this name with name:"


class BlockReads:
    """The names that the `from` keys in each block use, collected once per block."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        # By the id of the block: those of different networks may have one name.
        self.by_block: dict[int, Reads] = {}

    def of(self, block: Block) -> Reads:
        if id(block) not in self.by_block:
            self.by_block[id(block)] = reads_of(block)
        return self.by_block[id(block)]

    def refuse_surplus(self, block: Block, sources: dict[str, Tensor], span: Span) -> None:
        """Raise EvaluationError if `from` passes a tensor that nothing in the block can read."""
        reads = self.of(block)
        limits.spend(len(sources) * (1 + len(reads.computed) // Cost.PER_NAME))
        surplus = [name for name in sources if not reads.may_read(name)]
        missing = [word for word in reads.outside if word not in sources]
        # A single tensor is the first layer's input, whatever its name. Items with problems may read the tensor.
        if not surplus or (len(sources) == 1 and not missing) or self.spec.problems:
            return
        message = f"the block {block.name!r} does not read {listed(map(quoted, surplus))}"
        hint = f"it reads {listed(reads.outside)}" if reads.outside else "remove it from from:"
        raise EvaluationError(span, message, did_you_mean(surplus[0], missing, hint))

    def is_missing(self, name: str, scope: ItemScope) -> bool:
        """Whether the enclosing block expects a tensor with this name from its call."""
        return scope.inputs_span is not None and name in self.of(scope.network.spec.blocks[scope.block]).outside

    def explain_missing(self, scope: ItemScope) -> Problem:
        """The problem of names that the enclosing block reads and the `from` of its call does not pass."""
        reads = self.of(scope.network.spec.blocks[scope.block])
        missing = [word for word in reads.outside if word not in scope.inputs]
        line = reads.words[missing[0]].line
        message = f"the block {scope.block!r} reads {listed(map(quoted, missing))} (line {line}), but from passes"
        wanted = ", ".join(f"{word}: ..." for word in reads.outside[:4])
        hint = f"write from: {{{wanted}{', ...' if len(reads.outside) > 4 else ''}}}"
        return Problem(scope.inputs_span, f"{message} {listed(scope.inputs)}", hint)


def explain_unknown_name(name: str, span: Span, scope: ItemScope, draft: Draft, reads: BlockReads) -> Problem:
    """The problem of a name that no layer, block or branch visible in a scope has."""
    spec = scope.network.spec
    if name == "input" and scope.inputs and scope.inputs_span is None:
        tensors = spec.blocks[scope.block].tensors if scope.block else ()
        message = f"the block {scope.block!r} names its inputs itself" if tensors else "there is more than one input"
        return Problem(span, message, f"name {listed(scope.inputs, 'or')}")
    if re.fullmatch(r"-?[0-9]+", name):
        message = f"{quoted(name)} is not a name: layers have names, not numbers"
        return Problem(span, message, "write previous for the previous layer, and give other layers a name:")
    prefix = f"{scope.block_path}." if scope.block_path else ""
    inside = (path for path in draft.tensors if path.endswith(f".{name}") and path.startswith(prefix))
    inner = next((path.removeprefix(prefix) for path in inside), None)
    declared = spec.names.get(name, [])
    here = [declaration for declaration in declared if declaration.block == scope.block]
    if here and here[0].span > span and inner is None:
        message = f"{quoted(name)} is defined below, in line {here[0].span.line}"
        return Problem(span, message, "move it up: a layer reads only layers above it")
    if inner is not None:
        return Problem(span, f"{quoted(name)} is inside a block or branch", f"write {inner}")
    if not here and reads.is_missing(name, scope):
        return reads.explain_missing(scope)
    outside = next((declaration for declaration in declared if not declaration.block), None)
    if scope.block and outside is not None:
        message = f"{quoted(name)} (line {outside.span.line}) is outside the block {scope.block!r}"
        return Problem(span, message, f"pass it to the block: from: {{input: previous, {name}: {name}}}")
    if here:
        message = f"{quoted(name)} (line {here[0].span.line}) is not part of this network"
        return Problem(span, message, "make its when: true, or use its block")
    if declared:
        message = f"{quoted(name)} (line {declared[0].span.line}) is inside the block {declared[0].block!r}"
        return Problem(span, message, "read the block by its name instead, or pass the tensor with from:")
    named = (word for word, given in spec.names.items() if any(one.block == scope.block for one in given))
    visible = (path.removeprefix(prefix) for path in draft.tensors if path.startswith(prefix))
    words = chain(scope.inputs, ("previous",), named, visible)
    hint = did_you_mean(name, words, NAME_IT)
    return Problem(span, f"no layer has the name {quoted(name)}", hint)
