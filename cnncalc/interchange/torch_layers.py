"""Layers of PyTorch programs: their names, their places, and whose weights they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from cnncalc.errors import Problem, Span, SpecError, quoted
from cnncalc.interchange.building import GraphBuilder, Settings
from cnncalc.interchange.graph import GraphLayer
from cnncalc.interchange.layout import FLATTEN, PERMUTE, RESHAPE, Layouts
from cnncalc.interchange.torch_program import TorchNode, TorchProgram, refs_of
from cnncalc.interchange.torch_values import CHECKS, DROPOUTS, FACTORIES, MOVED, REGROUPED, SAME, VIEWS

# Layers that a tensor needs before an operator can read it.
REARRANGED = (RESHAPE, FLATTEN, PERMUTE)


class TorchLayers(Layouts):
    """Appends layers for the node that is read, `current`, with the names of modules and shared weights."""

    def __init__(self, program: TorchProgram, target: str) -> None:
        super().__init__(GraphBuilder({}))
        self.program = program
        self.target = target
        self.nodes = {node.name: node for node in program.nodes}
        self.order = {node.name: at for at, node in enumerate(program.nodes)}
        self.current = TorchNode("", "", {}, ())
        # The layer that has a parameter, and all parameters of it.
        self.owners: dict[str, tuple[GraphLayer, tuple[str, ...]]] = {}
        # Parts of parameters that are the weights of a layer, and what they are parts of.
        self.parts: dict[str, str] = {}
        self.users: dict[str, list[TorchNode]] = {}
        for node in program.nodes:
            for name in dict.fromkeys(refs_of(node.arguments.values())):
                self.users.setdefault(name, []).append(node)
        counted = list(self._list_layers())
        # How many layers one call of each module becomes.
        self.within: dict[str, int] = {}
        for (path, _), count in Counter((node.path, node.call) for node in counted).items():
            self.within[path] = max(count, self.within.get(path, 0))
        self.scopes = {scope for node in counted for scope in _scopes_of(node.path)}

    def refuse(self, message: str, hint: str = "") -> SpecError:
        """The error for the node that is being read."""
        node = self.current
        shown = f"{quoted(node.operator)}{f' in {node.path}' if node.path else ''} {message}"
        return SpecError([Problem(Span(self.target, 0, 0, node.name), shown, hint)])

    def emit(self, kind: str, inputs: tuple[str, ...], settings: Settings, weights: tuple[str, ...] = ()) -> str:
        """Append a layer for the current node. `weights` are the parameters and buffers that it has, by node."""
        owner = self._owner(kind, weights)
        stored = [self.program.stored[self.parts.get(root, root)] for root in weights]
        frozen = bool(stored) and not any(tensor.is_learned for tensor in stored)
        name = self._name(kind, stored[0].name if stored else "")
        span = Span(self.target, 0, 0, self.current.name)
        name = self.builder.add(GraphLayer(name, kind, settings, inputs, span, owner, frozen=frozen))
        for root in weights:
            self.owners.setdefault(root, (self.builder.layers[self.builder.places[name]], weights))
        return name

    def _owner(self, kind: str, weights: tuple[str, ...]) -> str:
        """The layer whose weights another has; empty for the first. Refuses layers that share a part of them."""
        shared = next((self.owners[root] for root in weights if root in self.owners), None)
        if shared is None:
            return ""
        layer, roots = shared
        if layer.type != kind or roots != weights:
            what = "a part of its weights" if layer.type == kind else f"weights with {layer.name}, of another type"
            raise self.refuse(f"shares {what}", "" if layer.type != kind else f"share all with {layer.name}, or none")
        return layer.name

    def _name(self, kind: str, weight: str) -> str:
        """The path of the module, if the layer is all of it, else the layer's type within the module."""
        path, operator = self.current.path, self.current.operator
        is_whole = path not in self.scopes and self.within.get(path, 0) <= 1
        if is_whole and kind in REARRANGED and operator not in REGROUPED | MOVED:
            # It prepares what the module reads.
            path = path.rpartition(".")[0]
            return ".".join(filter(None, (path, kind)))
        if path and is_whole:
            return path
        if weight and (not path or weight.startswith(f"{path}.")):
            owner, _, last = weight.rpartition(".")
            part = last.removesuffix("weight").removesuffix("bias").strip("_")
            named = ".".join(filter(None, (owner, part)))
            if named and named != path and named not in self.scopes:
                return named
        return ".".join(filter(None, (path, kind)))

    def _list_layers(self) -> Iterator[TorchNode]:
        """The nodes that are likely to become layers of their own: those of tensors that depend on an input."""
        depends = set(self.program.inputs)
        for node in self.program.nodes:
            if node.operator in FACTORIES | CHECKS or depends.isdisjoint(refs_of(node.arguments.values())):
                continue
            depends.add(node.name)
            if node.arguments.get("p") if node.operator in DROPOUTS else node.operator not in SAME | VIEWS:
                yield node


def _scopes_of(path: str) -> Iterable[str]:
    """The modules around a module."""
    parts = path.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))
