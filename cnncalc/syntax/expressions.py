"""Safe arithmetic for settings: text -> checked tree -> exact value.

Numbers are integers and exact fractions, never floats: `32 * 0.75` is 24 and `0.1 * 30` is 3.
Python never evaluates the text, and all results are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from cnncalc import limits
from cnncalc.errors import did_you_mean, plural, quoted
from cnncalc.limits import Cost, Limits
from cnncalc.record import Record

if TYPE_CHECKING:
    from fractions import Fraction

MAX_DENOMINATOR = 2**200
# The longest values and lists in a message.
LONGEST_LIST = 8
DEEPEST_LIST = 2
LONGEST_VALUE = 200
# Parsed expressions that are cached, for specs that are read again or repeat themselves.
CACHE_SIZE = 4096

Value: TypeAlias = "int | Fraction | str | tuple[Value, ...] | None"
Names: TypeAlias = "Mapping[str, Value]"


class ChainedNames(dict[str, Value]):
    """Names with their values. Other names are looked up in `around`, which is not copied."""

    __slots__ = ("around",)

    def __init__(self, own: Names, around: Names) -> None:
        super().__init__(own)
        self.around = around

    def __missing__(self, name: str) -> Value:
        return self.around[name]

    def extended(self, more: Names) -> ChainedNames:
        """These names with more names that take precedence."""
        return ChainedNames({**self, **more}, self.around)


Number: TypeAlias = "int | Fraction"
Function: TypeAlias = "Callable[[list[Value], int], Value]"
Operation: TypeAlias = "Callable[[Number, Number, int], Number]"


# The value of a name whose problem is already reported.
UNKNOWN: Any = object()


class UnknownValue(Exception):  # noqa: N818 - no error: the problem is already reported
    """A value is UNKNOWN; its problem is already reported."""


class ExpressionError(Exception):
    """An expression cannot be parsed or evaluated; `offset` is the place in its text."""

    def __init__(self, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


class Expression(Record):
    """A parsed expression: its text, the names it uses with their offsets, its tree, and the work of one evaluation.

    `calls` are the functions of the caller of `parse` that it uses, with their offsets.
    """

    text: str
    names: tuple[tuple[str, int], ...]
    tree: Tree
    work: int
    calls: tuple[tuple[str, int], ...] = ()

    def evaluate(self, names: Names) -> Value:
        """The value over `names`.

        Raises ExpressionError for an undefined name or a wrong operation, UnknownValue for an UNKNOWN name.
        """
        limits.spend(self.work)
        return self.tree.evaluate(names)


# --- values -------------------------------------------------------------------------------------


def describe(value: Value) -> str:
    """A value for a message, shortened if long."""
    text = _described(value, 0)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _described(value: Value, depth: int) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple):
        # Lists may share inner lists, and so have more values than can be printed.
        shown = [_described(item, depth + 1) for item in value[:LONGEST_LIST]] if depth <= DEEPEST_LIST else ["..."]
        return f"[{', '.join(shown)}{', ...' if len(value) > LONGEST_LIST else ''}]"
    return decimal(value)


def decimal(number: Number) -> str:
    """A number in the notation of expressions: 3, 0.5, 1e-20, 1/3."""
    if isinstance(number, int):
        return str(number)
    digits = float(number)
    texts = f"{digits:.6f}".rstrip("0"), repr(digits)
    return next((text for text in texts if number == fraction(text)), f"{number.numerator}/{number.denominator}")


def fraction(text: str) -> Number:
    """The exact value of a decimal numeral."""
    from fractions import Fraction

    return _whole(Fraction(text))


def _whole(number: Number) -> Number:
    return number.numerator if number.denominator == 1 else number


def _bounded(number: Number, offset: int) -> Number:
    most = limits.current().number
    if not -most <= number <= most:
        hint = limits.raised("number", f"keep numbers up to {most:,}")
        raise ExpressionError("the result is too large", offset, hint)
    if type(number) is int:
        return number
    limits.spend(Cost.FRACTION)
    if number.denominator > MAX_DENOMINATOR:
        raise ExpressionError("the fraction has too many digits", offset, "round it earlier")
    return _whole(number)


def bounded_list(values: tuple[Value, ...], offset: int) -> tuple[Value, ...]:
    """The list itself. Raises ExpressionError if it has too many values, including those of inner lists.

    Lists that repeat inner lists can have more values than fit into memory.
    """
    most = limits.current().list
    count = 0
    waiting: list[tuple[Value, ...]] = [values]
    while waiting and count <= most:
        items = waiting.pop()
        count += len(items)
        waiting += [item for item in items if isinstance(item, tuple)]
    limits.spend(count)
    if count > most:
        raise ExpressionError(f"the list holds more than {most:,} values", offset, limits.raised("list"))
    return values


def _number(value: Value, what: str, offset: int) -> Number:
    if value is None or isinstance(value, (bool, str, tuple)):
        raise ExpressionError(f"{what} takes numbers, not {describe(value)}", offset)
    return value


def _truth(value: Value, what: str, offset: int) -> bool:
    if isinstance(value, bool):
        return value
    raise ExpressionError(f"{what} takes true or false, not {describe(value)}", offset, "compare it, such as x > 0")


# --- the tree -----------------------------------------------------------------------------------


class Tree(Protocol):
    """A node of a checked tree."""

    def evaluate(self, names: Names) -> Value:
        """The value over `names`."""
        ...


class Literal(Record):
    value: Value

    def evaluate(self, names: Names) -> Value:
        return self.value


class Name(Record):
    name: str
    offset: int

    def evaluate(self, names: Names) -> Value:
        try:
            value = names[self.name]
        except KeyError:
            raise ExpressionError(f"{quoted(self.name)} is not defined here", self.offset) from None
        if value is UNKNOWN:
            raise UnknownValue
        return value


class ListOf(Record):
    items: tuple[Tree, ...]
    offset: int

    def evaluate(self, names: Names) -> Value:
        return bounded_list(tuple(item.evaluate(names) for item in self.items), self.offset)


class Signed(Record):
    sign: str
    operand: Tree
    offset: int

    def evaluate(self, names: Names) -> Value:
        number = _number(self.operand.evaluate(names), f"{self.sign!r}", self.offset)
        return -number if self.sign == "-" else number


class Not(Record):
    operand: Tree
    offset: int

    def evaluate(self, names: Names) -> Value:
        return not _truth(self.operand.evaluate(names), "'not'", self.offset)


class Arithmetic(Record):
    operator: str
    left: Tree
    right: Tree
    offset: int

    def evaluate(self, names: Names) -> Value:
        left, right = self.left.evaluate(names), self.right.evaluate(names)
        # Fast path: nearly all numbers are integers.
        if type(left) is not int:
            left = _number(left, repr(self.operator), self.offset)
        if type(right) is not int:
            right = _number(right, repr(self.operator), self.offset)
        return _bounded(ARITHMETIC[self.operator](left, right, self.offset), self.offset)


class ComparisonChain(Record):
    """A chain as in mathematics: `1 < x <= 4` compares neighbors."""

    first: Tree
    rest: tuple[tuple[str, Tree, int], ...]

    def evaluate(self, names: Names) -> Value:
        left = self.first.evaluate(names)
        for operator, tree, offset in self.rest:
            right = tree.evaluate(names)
            if not _compare(operator, left, right, offset):
                return False
            left = right
        return True


class Logic(Record):
    """`and` stops at the first false, `or` at the first true."""

    operator: str
    left: Tree
    right: Tree
    offset: int

    def evaluate(self, names: Names) -> Value:
        what = f"{self.operator!r}"
        left = _truth(self.left.evaluate(names), what, self.offset)
        if left == (self.operator == "or"):
            return left
        return _truth(self.right.evaluate(names), what, self.offset)


class Conditional(Record):
    then: Tree
    condition: Tree
    otherwise: Tree
    offset: int

    def evaluate(self, names: Names) -> Value:
        chosen = self.then if _truth(self.condition.evaluate(names), "'if'", self.offset) else self.otherwise
        return chosen.evaluate(names)


class Index(Record):
    operand: Tree
    place: Tree
    offset: int

    def evaluate(self, names: Names) -> Value:
        items = self.operand.evaluate(names)
        index = self.place.evaluate(names)
        if not isinstance(items, tuple):
            raise ExpressionError(f"only lists have an [index], not {describe(items)}", self.offset)
        if isinstance(index, bool) or not isinstance(index, int):
            raise ExpressionError(f"an index is a whole number, not {describe(index)}", self.offset)
        if not -len(items) <= index < len(items):
            message = f"index {index} is outside the list of {len(items)}"
            raise ExpressionError(message, self.offset, f"use an index from 0 to {len(items) - 1}" if items else "")
        return items[index]


class ListSlice(Record):
    """A part of a list; `start` and `stop` count from the end where they are negative, and may be left out."""

    operand: Tree
    start: Tree | None
    stop: Tree | None
    offset: int

    def evaluate(self, names: Names) -> Value:
        items = self.operand.evaluate(names)
        start, stop = (None if bound is None else bound.evaluate(names) for bound in (self.start, self.stop))
        if not isinstance(items, tuple):
            raise ExpressionError(f"only a list has a [start:stop], not {describe(items)}", self.offset)
        for bound in (start, stop):
            if isinstance(bound, bool) or not isinstance(bound, int | None):
                raise ExpressionError(f"a slice takes whole numbers, not {describe(bound)}", self.offset)
        limits.spend(len(items))
        return items[start:stop]  # type: ignore[index]


class Call(Record):
    function: str
    arguments: tuple[Tree, ...]
    offset: int

    def evaluate(self, names: Names) -> Value:
        values = [argument.evaluate(names) for argument in self.arguments]
        if self.function in FUNCTIONS:
            result = FUNCTIONS[self.function](values, self.offset)
            return result if isinstance(result, tuple) else _bounded(result, self.offset)  # type: ignore[arg-type]
        further: Callable[[list[Value], int], Value] = names[function_key(self.function)]  # type: ignore[assignment]
        return further(values, self.offset)


# --- operations ---------------------------------------------------------------------------------


def _exact_quotient(left: Number, right: Number) -> Number:
    whole, rest = divmod(left, right)
    if not rest:
        return whole
    from fractions import Fraction

    return Fraction(left) / right


def _division(operator: str, divide: Callable[[Number, Number], Number]) -> Operation:
    """A division that refuses 0."""

    def call(left: Number, right: Number, offset: int) -> Number:
        if right == 0:
            raise ExpressionError(f"{decimal(left)} {operator} 0 divides by zero", offset)
        return divide(left, right)

    return call


def _power(base: Number, exponent: Number, offset: int) -> Number:
    if not isinstance(exponent, int):
        raise ExpressionError(f"a power needs a whole exponent, not {decimal(exponent)}", offset)
    if base == 0 and exponent < 0:
        raise ExpressionError(f"0 ** {exponent} divides by zero", offset)
    most = limits.current().exponent
    if abs(exponent) > most and base not in (-1, 0, 1):
        hint = limits.raised("exponent", f"use an exponent of at most {most}")
        raise ExpressionError(f"the exponent {exponent} is too large", offset, hint)
    if exponent < 0:
        from fractions import Fraction

        return Fraction(base) ** exponent
    return base**exponent


ARITHMETIC: dict[str, Operation] = {
    "+": lambda left, right, _: left + right,
    "-": lambda left, right, _: left - right,
    "*": lambda left, right, _: left * right,
    "/": _division("/", _exact_quotient),
    "//": _division("//", lambda left, right: left // right),
    "%": _division("%", lambda left, right: left % right),
    "**": _power,
}
ORDER: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def _compare(operator: str, left: Value, right: Value, offset: int) -> bool:
    if operator in ("==", "!="):
        return _equal(left, right) == (operator == "==")
    if operator in ("in", "not in"):
        if not isinstance(right, tuple):
            raise ExpressionError(f"'in' needs a list, not {describe(right)}", offset)
        limits.spend(len(right))
        return any(_equal(left, item) for item in right) == (operator == "in")
    return ORDER[operator](_number(left, repr(operator), offset), _number(right, repr(operator), offset))


def _equal(left: Value, right: Value) -> bool:
    """Whether two values are equal; true and false are not numbers."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        limits.spend(len(left))
        return len(left) == len(right) and all(map(_equal, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _of_one(name: str, compute: Callable[[Number], Number]) -> Function:
    def call(values: list[Value], offset: int) -> Number:
        _count(name, values, 1, 1, offset)
        return compute(_number(values[0], name, offset))

    return call


def _extreme(name: str, compute: Callable[[list[Number]], Number]) -> Function:
    def call(values: list[Value], offset: int) -> Number:
        items = list(values[0]) if len(values) == 1 and isinstance(values[0], tuple) else values
        limits.spend(len(items))
        if not items:
            raise ExpressionError(f"{name} needs at least one number", offset)
        return compute([_number(item, name, offset) for item in items])

    return call


def _length(values: list[Value], offset: int) -> Number:
    _count("len", values, 1, 1, offset)
    if not isinstance(values[0], tuple):
        raise ExpressionError(f"len takes a list, not {describe(values[0])}", offset)
    return len(values[0])


def _make_divisible(values: list[Value], offset: int) -> Number:
    """The multiple of `divisor` nearest to a number, but never more than a tenth below it.

    make_divisible(value, divisor, least=divisor), the rounding of widths in MobileNet
    (TensorFlow models, slim/nets/mobilenet).
    """
    _count("make_divisible", values, 2, 3, offset)
    numbers = [_number(value, "make_divisible", offset) for value in values]
    value, divisor = numbers[0], numbers[1]
    if not isinstance(divisor, int) or divisor < 1:
        raise ExpressionError(f"make_divisible needs a divisor of 1 or more, not {decimal(divisor)}", offset)
    least = numbers[2] if len(numbers) == 3 else divisor
    rounded = max(least, (2 * value + divisor) // (2 * divisor) * divisor)
    return rounded + divisor if 10 * rounded < 9 * value else rounded


def _range(values: list[Value], offset: int) -> Value:
    """Whole numbers with equal distances: range(stop), range(start, stop) or range(start, stop, step)."""
    _count("range", values, 1, 3, offset)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ExpressionError(f"range takes whole numbers, not {describe(value)}", offset)
    numbers: list[int] = values if len(values) > 1 else [0, *values]  # type: ignore[list-item, assignment]
    start, stop, step = numbers if len(numbers) == 3 else (*numbers, 1)
    if step == 0:
        raise ExpressionError("range needs a step other than 0", offset)
    # Counted before it is made, and without len(), which refuses numbers above 2**63.
    count, most = max(0, -((start - stop) // step)), limits.current().list
    if count > most:
        message = f"range gives {count:,} values, more than {most:,}"
        raise ExpressionError(message, offset, limits.raised("list", "shorten it"))
    limits.spend(count)
    return tuple(range(start, stop, step))


def _count(name: str, values: list[Value], least: int, most: int, offset: int) -> None:
    if not least <= len(values) <= most:
        between = "or" if most == least + 1 else "to"
        wanted = plural(least, "value") if least == most else f"{least} {between} {most} values"
        raise ExpressionError(f"{name} takes {wanted}, not {len(values)}", offset)


FUNCTIONS: dict[str, Function] = {
    "min": _extreme("min", min),
    "max": _extreme("max", max),
    "sum": _extreme("sum", sum),
    "round": _of_one("round", round),
    "ceil": _of_one("ceil", lambda number: -(-number // 1)),
    "floor": _of_one("floor", lambda number: number // 1),
    "int": _of_one("int", int),
    "abs": _of_one("abs", abs),
    "len": _length,
    "range": _range,
    "make_divisible": _make_divisible,
}
# Functions of layers' formulas that have no exact value: they are written and counted, never evaluated.
REAL_FUNCTIONS = ("exp", "ln", "erf", "sqrt", "tanh", "sin", "cos", "sigmoid", "softplus", "relu", "relu6")
CONSTANTS: dict[str, Value] = {"true": True, "false": False, "True": True, "False": False}
WORDS = frozenset({"and", "or", "not", "if", "else", "in"})

# --- parsing ------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?[kKMGT]?(?![\w.]))
  | (?P<name>[^\W\d]\w*)
  | (?P<text>'[^']*'|"[^"]*")
  | (?P<operator>\*\*|//|==|!=|<=|>=|[-+*/%<>()\[\],:])
  )""",
    re.VERBOSE,
)
SUFFIXES = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BINDING = {
    "or": 2,
    "and": 3,
    "not": 4,
    "<": 5, "<=": 5, ">": 5, ">=": 5, "==": 5, "!=": 5, "in": 5, "not in": 5,
    "+": 6, "-": 6,
    "*": 7, "/": 7, "//": 7, "%": 7,
    "**": 9,
}  # fmt: skip
NEGATION = 8


class Token(Record):
    kind: str
    text: str
    offset: int


def parse(text: str, functions: tuple[str, ...] = ()) -> Expression:
    """The expression of a text. Raises ExpressionError at the first wrong token.

    `functions` are names of additional functions, which the caller of `evaluate` supplies under their `function_key`.
    """
    return _parse(text, functions, limits.current())


@lru_cache(maxsize=CACHE_SIZE)
def _parse(text: str, functions: tuple[str, ...], bounds: Limits) -> Expression:
    if len(text) > bounds.expression:
        message = f"the expression is longer than {bounds.expression:,} characters"
        raise ExpressionError(message, 0, limits.raised("expression"))
    tokens = _tokens(text)
    limits.spend(len(tokens))
    return _Parser(text, tokens, functions, bounds).expression()


def function_key(name: str) -> str:
    """The key of a caller's function among the names of `evaluate`; no name in a spec can equal it."""
    return f"{name}()"


def _tokens(text: str) -> list[Token]:
    tokens = []
    position = 0
    while text[position:].strip():
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            offset = position + len(text[position:]) - len(text[position:].lstrip())
            from cnncalc.syntax import hints

            wrong, hint = hints.explain_token(text[offset:])
            raise ExpressionError(f"unexpected {quoted(wrong)}", offset, hint)
        tokens.append(Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        position = match.end()
    return [*tokens, Token("end", "", len(text))]


def _numeral(token: Token) -> Value:
    text = token.text.replace("_", "")
    factor = SUFFIXES.get(text[-1], 1)
    digits = text[:-1] if factor > 1 else text
    if digits.isdigit():
        if len(digits) > 1 and digits[0] == "0":
            hint = f"write {digits.lstrip('0') or '0'}"
            raise ExpressionError(f"{quoted(text)} starts with a zero", token.offset, hint)
        most = limits.current().number
        if len(digits) > len(str(most)):
            hint = limits.raised("number", f"use a number up to {most:,}")
            raise ExpressionError("the number is too large", token.offset, hint)
        return _bounded(int(digits) * factor, token.offset)
    exponent = digits.lower().partition("e")[2]
    most = limits.current().exponent
    if exponent and abs(int(exponent)) > most:
        hint = limits.raised("exponent", f"use an exponent of at most {most}")
        raise ExpressionError(f"the exponent {exponent} is too large", token.offset, hint)
    return _bounded(fraction(digits) * factor, token.offset)


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, text: str, tokens: list[Token], functions: Collection[str], bounds: Limits) -> None:
        self.functions = functions
        self.bounds = bounds
        self.text = text
        self.tokens = tokens
        self.position = 0
        self.depth = 0
        self.operations = 0
        self.names: list[tuple[str, int]] = []
        self.calls: list[tuple[str, int]] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def expression(self) -> Expression:
        tree = self.ternary()
        if self.token.kind != "end":
            from cnncalc.syntax import hints

            last = self.tokens[self.position - 1]
            number = last.text if last.kind == "number" else ""
            hint = hints.explain_rest(self.text.strip(), number, self.token.text)
            raise ExpressionError(f"unexpected {quoted(self.token.text)}", self.token.offset, hint)
        return Expression(self.text, tuple(self.names), tree, len(self.tokens), tuple(self.calls))

    def advance(self) -> Token:
        token = self.token
        self.position += 1
        return token

    def accept(self, text: str) -> bool:
        """Consume a word or sign if it comes next."""
        if self.token.text == text:
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            found = f"found {quoted(self.token.text)}" if self.token.kind != "end" else "the expression ends"
            lists = {",": "write a list in [ ]", "": "close the bracket, and write a list in [ ]"}
            hint = lists.get(self.token.text, "") if text == ")" else ""
            raise ExpressionError(f"expected {text!r}, but {found}", self.token.offset, hint)

    def operate(self) -> int:
        """Consume an operator and return its offset. Operators count, because a chain of them is a deep tree."""
        self.operations += 1
        if self.operations > self.bounds.operations:
            hint = limits.raised("operations", "move a part to a variable")
            raise ExpressionError(f"more than {self.bounds.operations:,} operations", self.token.offset, hint)
        return self.advance().offset

    def ternary(self) -> Tree:
        self.deeper()
        tree = self.binary(0)
        offset = self.token.offset
        if self.token.text == "if":
            self.operate()
            condition = self.binary(0)
            self.expect("else")
            tree = Conditional(tree, condition, self.ternary(), offset)
        self.depth -= 1
        return tree

    def operator(self) -> str:
        """The binary operator that comes next; empty if there is none."""
        text = self.token.text
        if text == "not":
            return "not in" if self.tokens[self.position + 1].text == "in" else ""
        return text if text in BINDING else ""

    def binary(self, least: int) -> Tree:
        tree = self.unary()
        while (operator := self.operator()) and BINDING[operator] > least:
            binding = BINDING[operator]
            if binding == BINDING["<"]:
                tree = self.comparison(tree)
                continue
            offset = self.operate()
            # Powers are right-associative: 2 ** 3 ** 2 is 2 ** 9.
            right = self.binary(binding - 1 if operator == "**" else binding)
            if operator in ("and", "or"):
                tree = Logic(operator, tree, right, offset)
            else:
                tree = Arithmetic(operator, tree, right, offset)
        return tree

    def comparison(self, first: Tree) -> Tree:
        rest = []
        while (operator := self.operator()) and BINDING[operator] == BINDING["<"]:
            offset = self.operate()
            if operator == "not in":
                self.advance()
            rest.append((operator, self.binary(BINDING["<"]), offset))
        return ComparisonChain(first, tuple(rest))

    def unary(self) -> Tree:
        token = self.token
        if token.text not in ("-", "+", "not"):
            return self.postfix(self.atom())
        self.deeper()
        self.operate()
        operand = self.binary(BINDING["not"] if token.text == "not" else NEGATION)
        self.depth -= 1
        return Not(operand, token.offset) if token.text == "not" else Signed(token.text, operand, token.offset)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > self.bounds.brackets:
            hint = limits.raised("brackets", "move a part to a variable")
            raise ExpressionError(f"nested more than {self.bounds.brackets} deep", self.token.offset, hint)

    def postfix(self, tree: Tree) -> Tree:
        while self.token.text == "[":
            offset = self.operate()
            start = None if self.token.text == ":" else self.ternary()
            if self.accept(":"):
                stop = None if self.token.text == "]" else self.ternary()
                self.expect("]")
                tree = ListSlice(tree, start, stop, offset)
                continue
            self.expect("]")
            tree = Index(tree, start, offset)  # type: ignore[arg-type]
        return tree

    def atom(self) -> Tree:
        token = self.advance()
        if token.kind == "number":
            return Literal(_numeral(token))
        if token.kind == "text":
            return Literal(token.text[1:-1])
        if token.kind == "name" and token.text not in WORDS:
            if self.token.text == "(":
                return self.call(token)
            if token.text in CONSTANTS:
                return Literal(CONSTANTS[token.text])
            self.names.append((token.text, token.offset))
            return Name(token.text, token.offset)
        if token.text == "(":
            tree = self.ternary()
            self.expect(")")
            return tree
        if token.text == "[":
            return ListOf(self.arguments("]"), token.offset)
        if token.kind == "end":
            percent = re.fullmatch(r"\s*([0-9]{1,9})\s*%\s*", self.text)
            hint = f"write {decimal(fraction(f'{percent.group(1)}e-2'))}" if percent else ""
            raise ExpressionError("expected a value, but the expression ends", token.offset, hint)
        raise ExpressionError(f"expected a value, got {quoted(token.text)}", token.offset)

    def call(self, token: Token) -> Tree:
        self.advance()
        if token.text not in FUNCTIONS and token.text not in self.functions:
            functions = (*self.functions, *FUNCTIONS)
            hint = did_you_mean(token.text, functions, f"the functions are {', '.join(functions)}")
            raise ExpressionError(f"unknown function {quoted(token.text)}", token.offset, hint)
        if token.text in self.functions:
            self.calls.append((token.text, token.offset))
        return Call(token.text, self.arguments(")"), token.offset)

    def arguments(self, end: str) -> tuple[Tree, ...]:
        items: list[Tree] = []
        while not self.accept(end):
            if items:
                self.expect(",")
                if self.accept(end):
                    break
            items.append(self.ternary())
        return tuple(items)
