"""Nodes -> Spec: every name and setting is checked, and what is wrong is collected.

Nothing is expanded here, so that a block that is never used is checked all the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from cnncalc import bundled, layers, limits, surface
from cnncalc.expressions import CONSTANTS, UNKNOWN, WORDS
from cnncalc.guards import GUARDS, read_guards
from cnncalc.layer_type import LayerType
from cnncalc.locate import Document, Place, chain_of, locate
from cnncalc.problem import LONGEST_QUOTE, Problem, RuleError, Span, SpecError, did_you_mean, listed, plural, quoted
from cnncalc.settings import Setting
from cnncalc.source import Mapping, Node, Scalar, Sequence, kind
from cnncalc.spec import (
    BRANCH_KEYS,
    CONTAINERS,
    MODIFIERS,
    RESERVED,
    TOP_KEYS,
    Action,
    Block,
    BlockCall,
    Branch,
    Declaration,
    Group,
    Item,
    Join,
    LayerCall,
    Loop,
    Parameter,
    SideBranches,
    Sources,
    Spec,
    is_one_list,
    name_problem,
)
from cnncalc.templates import TENSOR_NAMES, Constant, NameTemplate, Template, TemplateReader

INPUT_HINT = "write input: [channels, height, width], such as [3, 224, 224]"


def read_spec(
    reference: str | Place, settings: Iterable[tuple[str, str]] = (), inputs: Iterable[tuple[str, str]] = ()
) -> Spec:
    """The spec of a file, of standard input (`-`) or of a bundled network's name, or the one at a place.

    `settings` change variables and `inputs` the input (name "" for the one input), both as text.
    Raises SpecError where no spec can be made of it; what can be reported beside other problems
    is in `problems`.
    """
    try:
        return decode(chain_of(locate(reference)), settings, inputs)
    finally:
        limits.rest()


def decode(
    chain: tuple[Document, ...],
    settings: Iterable[tuple[str, str]] = (),
    inputs: Iterable[tuple[str, str]] = (),
) -> Spec:
    """A Spec from the documents of a spec and of those it extends."""
    return _Decoder(chain).spec(tuple(settings), tuple(inputs))


class _Decoder:
    """Decodes one spec; the problems it meets are collected."""

    def __init__(self, chain: tuple[Document, ...]) -> None:
        self.chain = tuple(document.mapping for document in chain)
        self.file = chain[0].shown
        self.texts = tuple((document.shown, document.text) for document in chain)
        self.problems: list[Problem] = limits.Problems()
        self.reader = TemplateReader(self.problems)
        self.names: dict[str, list[Declaration]] = {}
        self.declared: list[NameTemplate] = []
        self.variables: dict[str, Template] = {}
        self.signatures: dict[str, tuple[Parameter, ...]] = {}
        self.unusable: set[str] = set()
        self.calls: dict[str, dict[str, Span]] = {}
        self.block = ""

    def problem(self, span: Span | None, message: str, hint: str = "") -> None:
        self.problems.append(Problem(span, message, hint))

    # --- the whole ------------------------------------------------------------------------------

    def spec(self, settings: tuple[tuple[str, str], ...], inputs: tuple[tuple[str, str], ...]) -> Spec:
        top = self._top()
        self._decode_variables(settings)
        known = frozenset(self.variables)
        blocks = self._decode_blocks(known)
        root = self.chain[0].span
        input_templates = self._decode_inputs(top.get("input"), inputs, known, root)
        items: tuple[Item, ...] = ()
        if "layers" not in top:
            self.problem(root, "the spec has no layers", "list them under layers:")
        else:
            self.block = ""
            items = self.items(top["layers"], known)
            if not items and not self.problems:
                self.problem(top["layers"].span, "layers is empty", "list at least one layer")
        outputs = (self.reader.name(node, known, "outputs", tensor=False) for node in self._nodes(top.get("outputs")))
        return Spec(
            self._text(top.get("name"), "name") or os.path.basename(self.file).removesuffix(bundled.SUFFIX),
            self._text(top.get("source"), "source"),
            self._text(top.get("family"), "family"),
            self._year(top.get("year")),
            self.file,
            self.texts,
            input_templates,
            self.variables,
            blocks,
            items,
            tuple(name for name in outputs if name is not None),
            read_guards({key: top[key] for key in GUARDS if key in top}, known, self.problems),
            self.names,
            root,
            tuple(dict.fromkeys(self.problems)),
        )

    def _top(self) -> dict[str, Node]:
        """The value of each top-level key, from the nearest spec that has it; guards are those of the spec itself."""
        top: dict[str, Node] = {}
        for mapping in self.chain:
            for key, node in mapping.entries:
                if key.text in GUARDS and mapping is not self.chain[0]:
                    continue
                if key.text not in TOP_KEYS:
                    hint = did_you_mean(key.text, TOP_KEYS, f"a spec has {listed(TOP_KEYS)}")
                    if layers.find(key.text) or key.text in MODIFIERS:
                        hint = "a layer stands in the list under layers:, after a '-'"
                    self.problem(key.span, f"unknown key {quoted(key.text)}", hint)
                elif not (isinstance(node, Scalar) and node.is_null):
                    top.setdefault(key.text, node)
        return top

    def _year(self, node: Node | None) -> int | None:
        if node is None:
            return None
        if isinstance(node, Scalar) and re.fullmatch(r"[12][0-9]{3}", node.text):
            return int(node.text)
        self.problem(node.span, f"year is a number of four digits, not {kind(node)}")
        return None

    def _text(self, node: Node | None, key: str) -> str:
        if node is None:
            return ""
        if isinstance(node, Scalar):
            return " ".join(node.text.split())
        self.problem(node.span, f"{key} is a line of text, not {kind(node)}")
        return ""

    def _nodes(self, node: Node | None) -> tuple[Node, ...]:
        if node is None:
            return ()
        return node.items if isinstance(node, Sequence) else (node,)

    def _decode_variables(self, settings: tuple[tuple[str, str], ...]) -> None:
        """Variables, those of the base first, each over the ones before it."""
        nodes: dict[str, Node] = {}
        for mapping in reversed(self.chain):
            node = mapping.get("variables")
            if node is None or (isinstance(node, Scalar) and node.is_null):
                continue
            if not isinstance(node, Mapping):
                self.problem(node.span, f"variables is a mapping of names to values, not {kind(node)}")
                continue
            for key, value in node.entries:
                if self._is_name(key, "a variable"):
                    nodes[key.text] = value
                    self._refuse_many(nodes, key.span)
        for name, text in settings:
            if name not in nodes:
                known = f"the variables are {', '.join(nodes)}" if nodes else "the spec has no variables"
                message = f"{surface.variable(name)}: there is no variable {quoted(name)}"
                self.problem(None, message, did_you_mean(name, nodes, known))
                continue
            nodes[name] = Scalar(text.strip(), True, Span(surface.variable(name, text), 0, 1), literal=False)
        self.reader.elsewhere = dict.fromkeys(nodes, "it stands below: move it up")
        for name, node in nodes.items():
            self.reader.elsewhere[name] = "a variable cannot use itself"
            template = self.reader.template(node, frozenset(self.variables), tensor=False)
            if isinstance(template, Constant) and template.value is None:
                self.problem(node.span, f"the variable {name!r} has no value", "give it one")
                template = None
            # A variable that cannot be read still exists: what uses it is not wrong as well.
            self.variables[name] = template or Constant(UNKNOWN, node.span)
            del self.reader.elsewhere[name]

    def _refuse_many(self, variables: dict[str, Node], span: Span) -> None:
        """Raise SpecError where there are too many: each expression, and each block, is read with all of them."""
        most = limits.current().variables
        if len(variables) > most:
            message = f"the spec has more than {most:,} variables"
            raise SpecError([*self.problems, Problem(span, message, limits.raised("variables"))])

    def _is_name(self, key: Scalar, what: str) -> bool:
        """Whether expressions can use a word as a name of the user's."""
        return self._check_name(key.text, key.span, what)

    def _check_name(self, word: str, span: Span, what: str) -> bool:
        if not re.fullmatch(r"[^\W\d]\w*", word):
            hint = "names are of letters, digits and _, and begin with no digit"
            self.problem(span, f"{quoted(word)} cannot be the name of {what}", hint)
        elif word in WORDS or word in CONSTANTS:
            self.problem(span, f"{word!r} cannot be the name of {what}", "expressions use that word")
        elif word in TENSOR_NAMES:
            self.problem(span, f"{word!r} cannot be the name of {what}", "it is that of the incoming tensor")
        else:
            return True
        return False

    def _decode_inputs(
        self, node: Node | None, changes: tuple[tuple[str, str], ...], known: frozenset[str], root: Span
    ) -> tuple[tuple[str, Template], ...]:
        nodes: dict[str, Node] = {}
        if isinstance(node, Mapping):
            nodes = {key.text: value for key, value in node.entries if self._is_input_name(key)}
            if not node.entries:
                self.problem(node.span, "input names no input", INPUT_HINT)
        elif node is not None:
            nodes = {"input": node}
        elif not changes:
            self.problem(root, "the spec has no input", INPUT_HINT)
        for name, text in changes:
            key = name or "input"
            shown = surface.input_shape(name, text)
            if nodes and key not in nodes:
                inputs = listed(nodes, "and")
                hint = f"the inputs are {inputs}" if len(nodes) > 1 else f"the input is called {inputs}"
                if not name:
                    hint = f"the inputs are {inputs}: write {surface.new_input_shape(next(iter(nodes)), text)}"
                self.problem(None, f"{shown}: there is no input {quoted(key)}", hint)
                continue
            span = Span(shown, 0, 1)
            sizes = re.split(r"[x×,]", text.strip("[] "))
            wrong = next((size.strip() for size in sizes if not re.fullmatch(r"\s*[0-9]+\s*", size)), None)
            if wrong is not None:
                self.problem(
                    span,
                    f"{quoted(wrong)} is no size",
                    f"write the channels and sizes as in {surface.sizes('3x224x224')}",
                )
                nodes.setdefault(key, Scalar("", True, span))
                continue
            nodes[key] = Sequence(tuple(Scalar(size.strip(), True, span, literal=False) for size in sizes), span)
        return tuple((name, self._input(value, known)) for name, value in nodes.items())

    def _input(self, node: Node, known: frozenset[str]) -> Template:
        if node.span.line == 0 and isinstance(node, Scalar):
            # The option is wrong, which is reported already.
            return Constant(UNKNOWN, node.span)
        if isinstance(node, Scalar) and re.fullmatch(r"\d+([x×]\d+)+", node.text):
            self.problem(
                node.span, f"input takes a list, not {kind(node)}", f"write [{re.sub('[x×]', ', ', node.text)}]"
            )
            return Constant(UNKNOWN, node.span)
        return self.reader.template(node, known, tensor=False) or Constant(UNKNOWN, node.span)

    def _is_input_name(self, key: Scalar) -> bool:
        if key.text in RESERVED:
            self.problem(key.span, f"{key.text!r} is a reserved name", "give the input a name of its own")
            return False
        return self._is_name(key, "an input")

    # --- blocks ---------------------------------------------------------------------------------

    def _decode_blocks(self, known: frozenset[str]) -> dict[str, Block]:
        found: dict[str, tuple[Scalar, Node]] = {}
        for mapping in reversed(self.chain):
            node = mapping.get("blocks")
            if node is None or (isinstance(node, Scalar) and node.is_null):
                continue
            if not isinstance(node, Mapping):
                self.problem(node.span, f"blocks is a mapping of blocks to their layers, not {kind(node)}")
                continue
            own: dict[str, Span] = {}
            for key, body in node.entries:
                name = key.text.partition("(")[0].strip()
                if name in own:
                    self.problem(key.span, f"a second block {name!r} (first in line {own[name].line})", "rename one")
                    continue
                own[name] = key.span
                found[name] = (key, body)
        for name, (key, _) in found.items():
            parameters = self._signature(key, known)
            if parameters is None:
                # Its uses are not wrong as well.
                self.unusable.add(name)
            else:
                self.signatures[name] = parameters
        blocks = {}
        for name, parameters in self.signatures.items():
            key, body = found[name]
            self.block = name
            self.calls[name] = {}
            items = self.items(body, known | {parameter.name for parameter in parameters})
            blocks[name] = Block(name, parameters, items, key.span)
        circular = self._refuse_circles()
        return {name: block for name, block in blocks.items() if name not in circular}

    def _signature(self, key: Scalar, known: frozenset[str]) -> tuple[Parameter, ...] | None:
        """The parameters of `name(a, b=1)`, or None where something is wrong with them."""
        match = re.fullmatch(r"\s*([^\W\d]\w*)(?:\s*\((.*)\))?\s*", key.text, re.DOTALL)
        if match is None:
            hint = "write it like a function: conv_bn(filters, kernel=3)"
            self.problem(key.span, f"{quoted(key.text)} is no block", hint)
            return None
        name, inside = match.group(1), match.group(2) or ""
        if layers.find(name) or name in CONTAINERS or name in MODIFIERS:
            what = "a layer type already" if layers.find(name) else "a word of the language"
            self.problem(key.span, f"{name!r} is {what}", "give the block another name")
            return None
        before = len(self.problems)
        parameters: list[Parameter] = []
        for start, text in _split(inside):
            self._parameter(key, match.start(2) + start, text, known, parameters)
        return tuple(parameters) if len(self.problems) == before else None

    def _parameter(
        self, key: Scalar, start: int, text: str, known: frozenset[str], parameters: list[Parameter]
    ) -> None:
        """Add the parameter whose text begins `start` characters into a signature."""
        column = key.span.column + (0 if key.plain else 1) + start if key.literal else None
        span = key.span if column is None else key.span._replace(column=column)
        word, equals, default = text.partition("=")
        parameter = word.strip()
        limits.spend(len(parameters))
        names = [earlier.name for earlier in parameters]
        template = None
        if not self._check_name(parameter, span, "a parameter"):
            return
        if parameter in names:
            self.problem(span, f"the parameter {parameter!r} stands here a second time", "rename one")
        if not equals and parameters and not parameters[-1].required:
            self.problem(span, f"{parameter!r} has no default but stands after one that has", "move it before")
        if equals:
            shift = len(word) + 1 + len(default) - len(default.lstrip())
            at = None if column is None else column + shift
            template = self.reader.expression(default.strip(), key.span, at, known | frozenset(names))
        parameters.append(Parameter(parameter, template, not equals))

    def _refuse_circles(self) -> set[str]:
        """The blocks that use themselves, directly or through others: they would never end."""
        circular: set[str] = set()
        done: set[str] = set()
        for root in self.calls:
            # In their order, as the keys of a dictionary are, and found at once.
            above: dict[str, None] = {root: None}
            waiting = [iter(self.calls[root].items())]
            while waiting:
                for other, span in waiting[-1]:
                    if other in above:
                        limits.spend(len(above))
                        way_here = list(above)
                        circle = way_here[way_here.index(other) :]
                        if circular.isdisjoint(circle):
                            way = " -> ".join((*circle[:6], *["..."][: len(circle) > 6], other))
                            self.problem(span, f"the block {other!r} uses itself: {way}", "repeat: says how often")
                        circular.update(circle)
                    elif other not in done and other in self.calls:
                        above[other] = None
                        waiting.append(iter(self.calls[other].items()))
                        break
                else:
                    waiting.pop()
                    done.add(above.popitem()[0])
        return circular

    # --- items ----------------------------------------------------------------------------------

    def items(self, node: Node, known: frozenset[str]) -> tuple[Item, ...]:
        """The items of a list of layers; an empty list is the identity."""
        if isinstance(node, Scalar) and node.is_null:
            return ()
        if not isinstance(node, Sequence):
            self.problem(node.span, f"a list of layers is expected here, not {kind(node)}", "begin each with '- '")
            return ()
        return tuple(self.item(item, known) for item in node.items)

    def item(self, node: Node, known: frozenset[str]) -> Item:
        if isinstance(node, Scalar) and not node.is_null:
            action = self._action(node, None, known)
            return Item(node.text, action, None, None, None, None, None, False, (), node.span, True)
        if not isinstance(node, Mapping):
            self.problem(node.span, f"a layer is expected here, not {kind(node)}", "write its type, such as '- relu'")
            return Item("", None, None, None, None, None, None, False, (), node.span)
        types = [(key, value) for key, value in node.entries if key.text not in MODIFIERS]
        modifiers = {key.text: value for key, value in node.entries if key.text in MODIFIERS}
        declared, before = len(self.declared), len(self.problems)
        loop = self._loop(modifiers, known, node.span)
        inside = known | _loop_names(loop)
        name = self._name(modifiers["name"], inside) if "name" in modifiers else None
        sources = self._sources(modifiers.get("from"), inside)
        when = self._optional(modifiers.get("when"), inside)
        weights = self.reader.name(modifiers["weights"], inside, "weights") if "weights" in modifiers else None
        training_only = self._flag(modifiers.get("training_only"), "training_only")
        usable = len(self.problems) == before
        action = None
        if len(types) == 1:
            key, arguments = types[0]
            action = self._action(key, arguments, inside)
        else:
            self._refuse_types([key for key, _ in types], node.span)
        if isinstance(action, SideBranches) and weights is not None:
            self.problem(weights.span, "weights shares those of a layer or block, not of branches", "move it into one")
            usable = False
        return Item(
            types[0][0].text if types else "",
            action if usable else None,
            name,
            sources,
            loop,
            when,
            weights,
            training_only,
            tuple(self.declared[declared:]),
            types[0][0].span if types else node.span,
            not (sources or when or weights or training_only),
        )

    def _refuse_types(self, keys: list[Scalar], span: Span) -> None:
        """An item has one type; the settings of a layer written beside it are the usual slip."""
        if not keys:
            self.problem(span, "this item has no type", "name a layer type or a block, such as '- conv: {...}'")
            return
        first, *others = keys
        type_settings = self._setting_names(first.text)
        for other in others:
            if other.text in type_settings:
                hint = f"indent it below {first.text}:, or write {first.text}: {{{other.text}: ...}}"
                self.problem(other.span, f"{other.text!r} is a setting of {first.text}, not beside it", hint)
                return
        for position, key in enumerate(keys):
            if not self._is_type(key.text) and any(self._is_type(other.text) for other in keys):
                hint = did_you_mean(key.text, (*MODIFIERS, *type_settings), f"beside a type stand {listed(MODIFIERS)}")
                beside = keys[0] if position else keys[1]
                self.problem(key.span, f"unknown key {quoted(key.text)} beside {quoted(beside.text)}", hint)
                return
        words = listed([quoted(key.text) for key in keys])
        self.problem(others[0].span, f"an item has one type, but here are {words}", "begin each with its own '- '")

    def _setting_names(self, type_name: str) -> tuple[str, ...]:
        if type_name in self.signatures:
            return tuple(parameter.name for parameter in self.signatures[type_name])
        found = layers.find(type_name)
        return tuple(found.settings) if found else ()

    def _is_type(self, word: str) -> bool:
        known = word in self.signatures or word in self.unusable or word in CONTAINERS
        return known or layers.find(word) is not None

    def _name(self, node: Node, known: frozenset[str]) -> NameTemplate | None:
        name = self.reader.name(node, known, "name", tensor=False)
        if name is None:
            return None
        self.declared.append(name)
        text = name.constant
        if text is not None:
            if wrong := name_problem(text):
                self.problem(node.span, *wrong)
                return None
            self.names.setdefault(text, []).append(Declaration(node.span, self.block))
        return name

    def _flag(self, node: Node | None, key: str) -> bool:
        if node is None:
            return False
        if isinstance(node, Scalar) and node.text in ("true", "True", "false", "False"):
            return node.text.lower() == "true"
        self.problem(node.span, f"{key} takes true or false, not {kind(node)}")
        return False

    def _optional(self, node: Node | None, known: frozenset[str]) -> Template | None:
        return None if node is None else self.reader.template(node, known)

    def _sources(self, node: Node | None, known: frozenset[str]) -> Sources | None:
        if node is None:
            return None
        if isinstance(node, Mapping):
            pairs = [
                (key.text, self.reader.name(value, known, "from"))
                for key, value in node.entries
                if key.text == "input" or self._is_input_name(key)
            ]
        else:
            pairs = [("", self.reader.name(value, known, "from")) for value in self._nodes(node)]
        if not pairs:
            self.problem(node.span, "from names no layer", "name one, or leave from out")
        return Sources(tuple((key or None, name) for key, name in pairs if name is not None), node.span)

    def _loop(self, modifiers: dict[str, Node], known: frozenset[str], span: Span) -> Loop | None:
        if "repeat" not in modifiers and "for" not in modifiers:
            return None
        walks: list[tuple[tuple[str, ...], Template]] = []
        node = modifiers.get("for")
        if isinstance(node, Mapping) and node.entries:
            for key, value in node.entries:
                names = tuple(word.strip() for word in key.text.split(","))
                if not all(self._check_name(name, key.span, "a value of for") for name in names):
                    continue
                if "index" in names:
                    self.problem(key.span, "'index' counts the passes", "choose another name")
                template = self.reader.template(value, known)
                walks.append((names, template or Constant(UNKNOWN, value.span)))
        elif node is not None:
            hint = "such as {width: [64, 128]}"
            found = kind(node) if not isinstance(node, Mapping) else "an empty one"
            self.problem(node.span, f"for takes a mapping of names to lists, not {found}", hint)
        inside = known | {"index"}.union(*(names for names, _ in walks))
        repeat = self._optional(modifiers.get("repeat"), known if node is None else inside)
        return Loop(repeat, tuple(walks), modifiers["repeat"].span if "repeat" in modifiers else span)

    # --- actions --------------------------------------------------------------------------------

    def _action(self, key: Scalar, arguments: Node | None, known: frozenset[str]) -> Action | None:
        word = key.text
        if arguments is not None and isinstance(arguments, Scalar) and arguments.is_null:
            arguments = None
        if word in self.signatures:
            if self.block:
                self.calls[self.block].setdefault(word, key.span)
            given = self._arguments(key, arguments, known, self.signatures[word])
            return None if given is None else BlockCall(word, given)
        if word in self.unusable:
            self._look_inside(arguments, known)
            return None
        if word == "layers":
            return Group(self.items(arguments or Scalar("", True, key.span), known))
        if word == "branch":
            branches = self._branches(arguments, known, key)
            return None if branches is None else SideBranches(branches)
        found = layers.find(word)
        if found is None:
            self.problem(key.span, f"unknown layer type {quoted(word)}", self._type_hint(word))
            self._look_inside(arguments, known)
            return None
        if found.several_inputs:
            return self._join(key, found, arguments, known)
        return self._layer(key, found, arguments, known)

    def _type_hint(self, word: str) -> str:
        """What was meant by a word that is no type."""
        begin = re.match(r"\w+", word)
        if begin and begin.group() != word and self._is_type(begin.group()):
            rest = word[begin.end() :].strip(" :()[]")
            if not rest.isprintable() or not 0 < len(rest) <= LONGEST_QUOTE:
                rest = "..."
            return f"write {begin.group()}: {f'[{rest}]' if ',' in rest else rest}, with a space after the colon"
        if word in MODIFIERS:
            return f"{word} stands beside a type, in the same item"
        known = (*layers.all_types(), *self.signatures, *CONTAINERS)
        return did_you_mean(word, known, "`cnncalc layers` lists them; blocks: defines your own")

    def _look_inside(self, arguments: Node | None, known: frozenset[str]) -> None:
        """Lists of layers below an unknown type are read all the same: their names count as given."""
        if isinstance(arguments, Mapping):
            for key, value in arguments.entries:
                if isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value.items):
                    self.declared.append(NameTemplate((key.text,), key.span))
                    self.items(value, known)

    def _layer(
        self, key: Scalar, found: type[LayerType], arguments: Node | None, known: frozenset[str]
    ) -> LayerCall | None:
        given = self._arguments(key, arguments, known, tuple(found.settings.values()))
        if given is None:
            return None
        ready = None
        constants: dict[str, object] = {}
        broken = False
        for name, template in given.items():
            if isinstance(template, Constant):
                try:
                    constants[name] = found.settings[name].decode(template.value)
                except RuleError as error:
                    self.problem(template.span, f"{key.text}: {error.message}", error.hint)
                    broken = True
        if broken:
            return None
        if len(constants) == len(given):
            ready = found(**constants)
        return LayerCall(found, given, ready)

    def _join(
        self, key: Scalar, found: type[LayerType], arguments: Node | None, known: frozenset[str]
    ) -> Action | None:
        """A join's argument holds its settings and its branches; without branches, `from` gives the inputs."""
        settings: list[tuple[Scalar, Node]] = []
        branches: Node | None = arguments
        if isinstance(arguments, Mapping):
            settings = [(name, value) for name, value in arguments.entries if name.text in found.settings]
            rest = tuple((name, value) for name, value in arguments.entries if name.text not in found.settings)
            branches = Mapping(rest, arguments.span) if rest else None
            if len(rest) == 1 and rest[0][0].text == "branches":
                branches = rest[0][1]
            misspelt = [(name, value) for name, value in rest if self._is_misspelt(name, value, found)]
            if misspelt:
                settings += misspelt
                branches = None
        call = self._layer(key, found, Mapping(tuple(settings), key.span), known)
        if branches is None or (isinstance(branches, Sequence) and not branches.items):
            return call
        decoded = self._branches(branches, known, key)
        return None if call is None or decoded is None else Join(call, decoded)

    @staticmethod
    def _is_misspelt(name: Scalar, value: Node, found: type[LayerType]) -> bool:
        """Whether a key of a join is a setting with a slip, not the name of a branch."""
        return isinstance(value, Scalar) and not value.is_null and bool(did_you_mean(name.text, found.settings))

    def _branches(self, node: Node | None, known: frozenset[str], key: Scalar) -> tuple[Branch, ...] | None:
        named: list[tuple[Scalar | None, Node]]
        if isinstance(node, Mapping):
            named = list(node.entries)
        elif isinstance(node, Sequence):
            named = [(None, value) for value in node.items]
        else:
            found = kind(node) if node is not None else "nothing"
            hint = "write a list of branches, or a mapping of their names to lists of layers"
            if isinstance(node, Scalar) and key.text != "branch":
                hint = f"write its branches, or {key.text} alone with from: [..., ...] beside it"
            self.problem(node.span if node is not None else key.span, f"{key.text} takes branches, not {found}", hint)
            return None
        branches = [self._branch(name, value, known) for name, value in named]
        only = branches[0] if len(branches) == 1 else None
        if only is not None and key.text != "branch" and only.when is None and only.loop is None:
            self.problem(
                key.span, f"{key.text} joins two branches or more, but there is one", "an empty one is the identity"
            )
            return None
        return None if None in branches else tuple(branch for branch in branches if branch is not None)

    def _branch(self, name: Scalar | None, node: Node, known: frozenset[str]) -> Branch | None:
        label = None
        if name is not None:
            if not re.fullmatch(r"[\w/+-]+", name.text):
                hint = "names are of letters, digits and _ - + /"
                self.problem(name.span, f"{quoted(name.text)} cannot be the name of a branch", hint)
                return None
            if name.text in RESERVED:
                self.problem(name.span, f"{name.text!r} is a reserved name", "choose another")
                return None
            label = name.text
            self.names.setdefault(label, []).append(Declaration(name.span, self.block))
            self.declared.append(NameTemplate((label,), name.span))
        span = name.span if name is not None else node.span
        if not isinstance(node, Mapping):
            if isinstance(node, Scalar) and not node.is_null:
                hint = f"write a list: [{node.text}]" if node.text.isprintable() else "write a list"
                self.problem(node.span, f"a branch is a list of layers, not {kind(node)}", hint)
                return None
            return Branch(label, self.items(node, known), None, None, None, span)
        for key, _ in node.entries:
            if key.text not in BRANCH_KEYS:
                hint = did_you_mean(key.text, BRANCH_KEYS, f"a branch has {listed(BRANCH_KEYS)}")
                if self._is_type(key.text):
                    hint = f"a branch is a list: begin {key.text} with '- '"
                self.problem(key.span, f"unknown key {quoted(key.text)} in a branch", hint)
                return None
        values = {key.text: value for key, value in node.entries}
        before = len(self.problems)
        loop = self._loop(values, known, node.span)
        inside = known | _loop_names(loop)
        when = self._optional(values.get("when"), inside)
        sources = self._sources(values.get("from"), inside)
        usable = len(self.problems) == before
        items = self.items(values.get("layers", Scalar("", True, node.span)), inside)
        return Branch(label, items, when, loop, sources, span) if usable else None

    def _arguments(
        self,
        key: Scalar,
        node: Node | None,
        known: frozenset[str],
        parameters: tuple[Parameter, ...] | tuple[Setting, ...],
    ) -> dict[str, Template] | None:
        """The templates given for parameters or settings, by name; None where one cannot be used."""
        before = len(self.problems)
        pairs = self._pairs(key, node, parameters)
        by_name = {parameter.name: parameter for parameter in parameters}
        given: dict[str, Template] = {}
        usable = len(self.problems) == before
        for name, value in pairs:
            parameter = by_name[name]
            keywords = parameter.keywords if isinstance(parameter, Setting) else ()
            template = self.reader.template(value, known, keywords)
            if template is not None:
                given[name] = template
        there = {name for name, _ in pairs}
        missing = [parameter.name for parameter in parameters if parameter.required and parameter.name not in there]
        # A setting with a slip in its name is probably the one that is missing.
        if missing and usable:
            docs = [f"{name}: {setting.doc}" for name in missing if isinstance(setting := by_name[name], Setting)]
            hint = "; ".join(docs) or f"its arguments are {listed(by_name)}"
            self.problem(key.span, f"{key.text} needs {listed(missing)}", hint)
        return given if len(self.problems) == before else None

    def _pairs(
        self, key: Scalar, node: Node | None, parameters: tuple[Parameter, ...] | tuple[Setting, ...]
    ) -> list[tuple[str, Node]]:
        """Which parameter gets which node, by name or by position."""
        names = [parameter.name for parameter in parameters]
        what = "argument" if key.text in self.signatures else "setting"
        if node is None:
            return []
        if isinstance(node, Mapping):
            for name, _ in node.entries:
                if name.text not in names:
                    hint = did_you_mean(name.text, names, f"it has {listed(names)}" if names else "it has none")
                    if name.text in MODIFIERS:
                        hint = f"{name.text} stands beside {key.text}, not below it"
                    self.problem(name.span, f"{key.text} has no {what} {quoted(name.text)}", hint)
            return [(name.text, value) for name, value in node.entries if name.text in names]
        values = node.items if isinstance(node, Sequence) and not is_one_list(parameters) else (node,)
        if len(values) > len(names):
            hint = f"they are {', '.join(names)}" if names else f"write {key.text} alone"
            count = f"at most {plural(len(names), what)}" if names else f"no {what}s"
            self.problem(values[len(names)].span, f"{key.text} takes {count}, not {len(values)}", hint)
        return list(zip(names, values, strict=False))


def _loop_names(loop: Loop | None) -> frozenset[str]:
    if loop is None:
        return frozenset()
    return frozenset({"index"}.union(*(names for names, _ in loop.walks)))


def _split(text: str) -> list[tuple[int, str]]:
    """A signature's parameters with their offsets: split at the commas that no bracket holds."""
    parts: list[tuple[int, str]] = []
    depth = start = 0
    for position, character in enumerate(f"{text},"):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            part = text[start:position]
            if part.strip() or parts or position < len(text):
                parts.append((start + len(part) - len(part.lstrip()), part.strip()))
            start = position + 1
    return parts
