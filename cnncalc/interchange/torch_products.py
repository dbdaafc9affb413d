"""Products of tensors in PyTorch: matrices, Einstein sums, attention."""

from __future__ import annotations

from cnncalc.errors import quoted
from cnncalc.interchange.building import affine
from cnncalc.interchange.layout import LaidOut
from cnncalc.interchange.torch_program import TorchNode, refs_of
from cnncalc.interchange.torch_values import MOVED, FixedTensor, Stored, Value
from cnncalc.interchange.torch_weights import UNCHANGED, TorchWeights

ROWS, COLUMNS, INNER = "n", "m", "d"
LEADING = "hwuvxyzabcefgijklopqrst"
LETTERS = "bghdwuvxyzacefijklmnopqrst"


class TorchProducts(TorchWeights):
    """Reads products of tensors."""

    def read_matmul(self, node: TorchNode) -> LaidOut:
        first, second = (value for key in node.arguments if (value := self.value(node, key)) is not None)
        if isinstance(second, Stored) and len(second.sizes) == 2 and self._is_weight(second):
            return self._linear(self.lay_out(first), second.sizes[1], second.roots, has_bias=False)
        tensors = tuple(self.lay_out(value, self.order_for(node, value)) for value in (first, second))
        return self._product_of(tensors)

    def _is_weight(self, value: Stored) -> bool:
        """Whether a parameter is a matrix of weights as it is, or transposed."""
        operators = set() if value.is_plain else self._operators(value.node)
        return len(value.roots) == 1 and self._is_learned(value) and not operators - UNCHANGED - MOVED

    def _pair(self, node: TorchNode, first: str, second: str) -> tuple[LaidOut, ...]:
        return self.tensor(node, first), self.tensor(node, second)

    def _product_of(self, tensors: tuple[LaidOut, ...]) -> LaidOut:
        """The product of matrices over the last two axes."""
        first, second = tensors
        one, two = len(first.axes), len(second.axes)
        leading = list(LEADING[: max(one, two, 2) - 2])[::-1]
        rows = [ROWS, INNER][-one:] if one > 1 else [INNER]
        columns = [INNER, COLUMNS] if two > 1 else [INNER]
        terms = [leading[len(leading) - (one - 2) :] + rows if one > 1 else rows]
        terms.append(leading[len(leading) - (two - 2) :] + columns if two > 1 else columns)
        output = [*leading, *([ROWS] if one > 1 else []), *([COLUMNS] if two > 1 else [])]
        return self._product(tensors, terms, output)

    def _product(self, tensors: tuple[LaidOut, ...], terms: list[list[str]], output: list[str]) -> LaidOut:
        """A product of tensors, whose letters are those of the program's axes."""
        spare = iter([letter for letter in LEADING if not any(letter in term for term in terms)])
        sizes: dict[str, int] = {}
        for tensor, term in zip(tensors, terms, strict=True):
            for letter, size in zip(term, self.sizes(tensor), strict=True):
                sizes[letter] = max(size, sizes.get(letter, 1))
        written: list[list[str]] = []
        for tensor, term in zip(tensors, terms, strict=True):
            shape = self.shape(tensor.name)
            letters = [""] * len(shape)
            for letter, axis in zip(term, tensor.axes, strict=True):
                if axis is not None:
                    letters[axis] = letter if shape[axis] == sizes[letter] else next(spare)
            written.append([letter or next(spare) for letter in letters])
        kept = [letter for letter in output if any(letter in term for term in written)]
        order = _output_order(written, kept)
        if not order:
            raise self.refuse("multiplies all that it reads to one number")
        equation = f"{', '.join(''.join(term) for term in written)} -> {''.join(order)}"
        name = self.emit("einsum", tuple(tensor.name for tensor in tensors), {"equation": equation})
        return LaidOut(name, tuple(order.index(letter) if letter in order else None for letter in output))

    def read_baddbmm(self, node: TorchNode) -> Value:
        product = self._product_of(self._pair(node, "batch1", "batch2"))
        return self._join("add", (self._argument(node, "self"), product), node)

    def read_einsum(self, node: TorchNode) -> LaidOut:
        equation = str(node.arguments["equation"]).replace(" ", "")
        left, arrow, right = equation.partition("->")
        if not arrow or "." in equation:
            raise self.refuse(f"has the equation {quoted(equation)}", "write all letters and the arrow")
        tensors = tuple(self.lay_out(self.resolve(name)) for name in refs_of([node.arguments["tensors"]]))
        # PyTorch has letters of both cases.
        letters = dict(zip(dict.fromkeys(filter(str.isalpha, left)), LETTERS, strict=False))
        terms = [[letters[letter] for letter in term] for term in left.split(",")]
        return self._product(tensors, terms, [letters[letter] for letter in right])

    def read_scaled_dot_product_attention(self, node: TorchNode) -> LaidOut:
        query, key, value = (self.tensor(node, name) for name in ("query", "key", "value"))
        if node.arguments.get("enable_gqa"):
            raise self.refuse("shares keys among groups of heads")
        scale = node.arguments.get("scale")
        width = self.sizes(query)[-1]
        query = self.apply(query, f"x / sqrt({width})" if scale is None else affine(self.real(scale), "0"))
        rank = len(query.axes)
        leading = list(LEADING[: rank - 2])[::-1]
        scores = self._product(
            (query, key), [[*leading, ROWS, INNER], [*leading, COLUMNS, INNER]], [*leading, ROWS, COLUMNS]
        )
        mask = self.value(node, "attn_mask")
        if mask is not None and not isinstance(mask, FixedTensor):
            joined = node._replace(shapes=(self.sizes(scores),))
            scores = self._join("add", (scores, mask), joined)
        axis = scores.axes[-1]
        if axis is not None:
            settings = {"axis": -1 if axis == len(self.shape(scores.name)) - 1 else axis} if axis else {}
            scores = self.each(scores, "softmax", settings)
        return self._product(
            (scores, value), [[*leading, ROWS, COLUMNS], [*leading, COLUMNS, INNER]], [*leading, ROWS, INNER]
        )


def _output_order(terms: list[list[str]], kept: list[str]) -> list[str]:
    """The letters of a product's output, in an order near to those of its inputs.

    It is that of the second input, with the letters of the first in the place of those summed over, as in the mean of
    values: hnm, hdm -> hdn. If this would reorder the first input, it is an order that agrees with both.
    """
    inner = [[letter for letter in term if letter in kept] for term in terms]
    if len(terms) == 2:
        first, second = terms
        own = [letter for letter in inner[0] if letter not in second]
        summed = [letter for letter in second if letter not in kept]
        order: list[str] = []
        for letter in second:
            order += [letter] if letter in kept else own if letter == summed[0] else []
        if summed and [letter for letter in order if letter in first] == inner[0]:
            return order
    return _merge(inner) or kept


def _merge(terms: list[list[str]]) -> list[str]:
    """The letters in an order that agrees with that of each term; empty if there is none."""
    merged: list[str] = []
    waiting = [list(term) for term in terms]
    while any(waiting):
        fit = (term[0] for term in waiting if term and not any(term[0] in other[1:] for other in waiting))
        letter = next(fit, "")
        if not letter:
            return []
        merged.append(letter)
        waiting = [[item for item in term if item != letter] for term in waiting]
    return merged
