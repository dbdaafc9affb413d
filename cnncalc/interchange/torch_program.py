"""A program of torch.export as plain records: what the reader of PyTorch networks needs to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from cnncalc.interchange.graph import Plain
from cnncalc.record import Record


class NodeRef(Record):
    """A tensor among the arguments of an operator: the node that computes it."""

    node: str


Argument: TypeAlias = "NodeRef | bool | int | float | str | tuple[Argument, ...] | None"


class ModuleCall(Record):
    """A call of a module: its dotted path within the network, its class, and a key that no other call has."""

    path: str
    class_name: str
    key: str = ""


class TorchNode(Record):
    """An operator: its name without a namespace such as aten, its arguments by name, and the shapes that it gives.

    `calls` are the modules within which it runs, outermost first.
    """

    name: str
    operator: str
    arguments: Mapping[str, Argument]
    shapes: tuple[tuple[int, ...], ...]
    calls: tuple[ModuleCall, ...] = ()
    is_in_place: bool = False

    @property
    def shown(self) -> str:
        """The name of the operator as PyTorch has it."""
        return f"{self.operator}_" if self.is_in_place else self.operator

    @property
    def path(self) -> str:
        """The dotted path of the innermost module."""
        return self.calls[-1].path if self.calls else ""

    @property
    def call(self) -> str:
        """The key of the call of the innermost module."""
        return self.calls[-1].key if self.calls else ""


class StoredTensor(Record):
    """A parameter or a buffer: the name by which the network has it, and whether it is learned."""

    name: str
    shape: tuple[int, ...]
    is_learned: bool = True


class TorchProgram(Record):
    """An exported network. `inputs` are the shapes of its inputs by node, with the batch of one sample.

    `stored` are its parameters and buffers by node; `constants` the shapes of tensors that are neither.
    """

    inputs: Mapping[str, tuple[int, ...]]
    stored: Mapping[str, StoredTensor]
    constants: Mapping[str, tuple[int, ...]]
    nodes: tuple[TorchNode, ...]
    outputs: tuple[str, ...]


def refs_of(arguments: Iterable[Argument]) -> list[str]:
    found: list[str] = []
    for argument in arguments:
        if isinstance(argument, NodeRef):
            found.append(argument.node)
        elif isinstance(argument, tuple):
            found.extend(refs_of(argument))
    return found


def items_of(argument: Argument) -> tuple[Argument, ...]:
    return argument if isinstance(argument, tuple) else ()


def whole(argument: Argument) -> int:
    return argument if isinstance(argument, int) else 0


def wholes(argument: Argument) -> tuple[int, ...]:
    """Whole numbers; a single one is a list of one."""
    items = argument if isinstance(argument, tuple) else (argument,)
    return tuple(item for item in items if isinstance(item, int))


def axis_of(argument: Argument, rank: int) -> int:
    return whole(argument) % rank if rank else 0


def is_number(argument: Argument) -> bool:
    return isinstance(argument, int | float) and not isinstance(argument, bool)


def alike(sizes: tuple[int, ...]) -> Plain:
    """One number, if all are equal."""
    return sizes[0] if len(set(sizes)) == 1 else sizes
