"""Full names: which are taken, and what they name."""

from __future__ import annotations

from cnncalc import limits
from cnncalc.errors import Problem, Span, quoted
from cnncalc.limits import Cost
from cnncalc.network.build.cache import BlockCache
from cnncalc.network.build.draft import Draft
from cnncalc.network.build.reads import BlockReads, explain_unknown_name
from cnncalc.network.build.scope import ItemScope, Tensor
from cnncalc.spec.records import Item, name_problem
from cnncalc.spec.templates import EvaluationError, contains_in_order
from cnncalc.syntax.expressions import UnknownValue


class NameTable:
    """The full names of a draft."""

    def __init__(self, draft: Draft, cache: BlockCache, reads: BlockReads) -> None:
        self.draft = draft
        self.cache = cache
        self.reads = reads
        self.inputs = dict(draft.spec.inputs)
        # The highest suffix that was appended to a taken name.
        self.numbers = dict.fromkeys(self.inputs, 1)
        self.places: dict[str, Span] = {}
        # Names inside failed items, as the texts between their computed parts.
        self.failed: dict[tuple[str, ...], Span] = {}

    def take(self, item: Item, scope: ItemScope) -> str:
        """The full name of an item: its own, or its type's, numbered if that is taken."""
        if item.name is None:
            return self.number(join_path(scope.path, item.type), item.span)
        own = scope.evaluate_name(item.name, None)
        limits.spend((len(scope.path) + len(own)) // Cost.PER_CHARACTER)
        if item.name.constant is None and (wrong := name_problem(own)):
            raise EvaluationError(item.name.span, *wrong)
        path = join_path(scope.path, own)
        has_dot = "." in own
        if has_dot:
            self.cache.may_copy = False
        if path in self.numbers or (has_dot and self.tensor(path) is not None):
            raise EvaluationError(*self._explain_taken(path, item, item.name.span))
        self.numbers[path] = 1
        self.places[path] = item.span
        return path

    def _explain_taken(self, path: str, item: Item, span: Span) -> Problem:
        place = self.places.get(path)
        taken = "inside a block" if place is None else f"in line {place.line}"
        taken = "by an input" if path in self.inputs else taken
        hint = "use another name"
        if place is not None and place == item.span:
            taken, hint = "by an earlier pass", "write {index} in the name to number the passes, or name their group"
        return Problem(span, f"the name {quoted(path)} is already used {taken}", hint)

    def number(self, path: str, span: Span) -> str:
        """The path, or the first of path_2, path_3, ... that is not taken."""
        limits.spend(len(path) // Cost.PER_CHARACTER)
        candidate = path
        number = self.numbers.get(path, 0)
        while candidate in self.numbers:
            number += 1
            candidate = f"{path}_{number}"
        self.numbers[path] = number or 1
        self.numbers[candidate] = 1
        self.places[candidate] = span
        return candidate

    def tensor(self, path: str) -> Tensor | None:
        """The tensor of a full name."""
        return self.draft.tensors.get(path) or self.cache.find_inside(path)

    def search(self, name: str, scope: ItemScope) -> str | None:
        """The full name of a layer, block or branch, searched from the item outward to the enclosing block."""
        path = scope.path
        while True:
            full = join_path(path, name)
            if self.tensor(full) is not None:
                return full
            if path == scope.block_path:
                return None
            path = path.rpartition(".")[0]

    def find(self, name: str, span: Span, scope: ItemScope) -> str:
        """The full name of a layer, block or branch. Raises EvaluationError if there is none of that name."""
        if (full := self.search(name, scope)) is not None:
            return full
        if self._has_failed(name):
            raise UnknownValue
        raise EvaluationError(*explain_unknown_name(name, span, scope, self.draft, self.reads))

    def resolve(self, name: str, span: Span, scope: ItemScope, current: Tensor | None) -> Tensor:
        """The tensor that an item reads by a name: `previous`, an input of its block, or a layer, block or branch."""
        if name == "previous":
            if current is None:
                raise EvaluationError(span, "no layer precedes this one", scope.ask_for_source())
            return current
        if name in scope.inputs:
            return scope.inputs[name]
        tensor = self.tensor(self.find(name, span, scope))
        if tensor is None:  # pragma: no cover - find returns names of tensors
            raise UnknownValue
        return tensor

    def mark_failed(self, item: Item) -> None:
        """Suppress problems of items that read a name inside a failed item."""
        self.failed.update(dict.fromkeys([template.texts for template in item.declares], item.span))
        if item.name is None:
            self.failed[(f".{item.type}.",)] = item.span

    def _has_failed(self, name: str) -> bool:
        """Whether a name belongs to an item that failed."""
        whole = f".{name}."
        for number, texts in enumerate(self.failed, start=1):
            if contains_in_order(texts, whole):
                limits.spend(number // Cost.PER_NAME)
                return True
        limits.spend(len(self.failed) // Cost.PER_NAME)
        return False


def join_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
