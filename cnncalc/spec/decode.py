"""Nodes -> Spec: every name and setting is checked, and what is wrong is collected.

Nothing is expanded here, so that a block that is never used is checked all the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from cnncalc import bundled, layers, limits, surface
from cnncalc.errors import (
    LONGEST_QUOTE,
    Problem,
    RuleError,
    Span,
    SpecError,
    ascii_lookalike,
    did_you_mean,
    listed,
    nearest,
    plural,
    quoted,
)
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import times
from cnncalc.spec.guards import GUARDS, read_guards
from cnncalc.spec.locate import Document, Place, chain_of, locate
from cnncalc.spec.records import (
    BRANCH_KEYS,
    CONTAINERS,
    MODIFIERS,
    MODIFIERS_ELSEWHERE,
    RESERVED,
    TOP_KEYS,
    TOP_KEYS_ELSEWHERE,
    TYPE_KEYS,
    Action,
    Block,
    BlockCall,
    Branch,
    Declaration,
    Item,
    ItemGroup,
    JoinCall,
    LayerCall,
    Loop,
    Parameter,
    SideBranches,
    Sources,
    Spec,
    is_one_list,
    name_problem,
    variables_used,
)
from cnncalc.spec.templates import TENSOR_NAMES, Constant, NameTemplate, Template, TemplateReader
from cnncalc.syntax.expressions import CONSTANTS, UNKNOWN, WORDS
from cnncalc.syntax.settings import Flag, Setting
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind

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
        self.misnamed: frozenset[str] = frozenset()

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
        if "layers" in self.misnamed:
            pass
        elif "layers" not in top:
            self.problem(root, "the spec has no layers", "list them under layers:")
        else:
            self.block = ""
            items = self.items(top["layers"], known)
            if not items and not self.problems:
                self.problem(top["layers"].span, "layers is empty", "list at least one layer")
        outputs = (self.reader.name(node, known, "outputs", tensor=False) for node in self._nodes(top.get("outputs")))
        spec = Spec(
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
            (),
        )
        self._refuse_unused_additions(spec)
        return spec._replace(problems=tuple(dict.fromkeys(self.problems)))

    def _top(self) -> dict[str, Node]:
        """The value of each top-level key, from the nearest spec that has it; guards are those of the spec itself."""
        top: dict[str, Node] = {}
        meant: set[str] = set()
        for mapping in self.chain:
            for key, node in mapping.entries:
                if key.text in GUARDS and mapping is not self.chain[0]:
                    continue
                if key.text not in TOP_KEYS:
                    self.problem(key.span, f"unknown key {quoted(key.text)}", self._top_hint(key.text, node, meant))
                elif not (isinstance(node, Scalar) and node.is_null):
                    top.setdefault(key.text, node)
        # What stands below a key with a slip is not missing as well.
        self.misnamed = frozenset(meant - set(top))
        return top

    def _top_hint(self, word: str, node: Node, meant: set[str]) -> str:
        """What to do about a word that is no top-level key; the keys that it stands for are added to `meant`."""
        if layers.find(word) or word in MODIFIERS:
            return "a layer stands in the list under layers:, after a '-'"
        own = [key for key in ("input", "layers") if isinstance(node, Mapping) and node.get(key)]
        if own:
            meant.update(own)
            return f"remove it: {listed(f'{key}:' for key in own)} stand{'s' * (len(own) == 1)} at the top of a spec"
        near = [key for key, words in TOP_KEYS_ELSEWHERE.items() if word.casefold() in words]
        near = near or nearest(word, TOP_KEYS, 0.75 if isinstance(node, Scalar) else 0.6)
        if near:
            meant.add(near[0])
            return f"did you mean {' or '.join(map(quoted, near))}?"
        own_value = "; a value of your own stands below variables:" if isinstance(node, Scalar) else ""
        return f"a spec has {listed(TOP_KEYS)}{own_value}"

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
                hint = "write name: value in a line below it, without a dash"
                self.problem(node.span, f"variables is a mapping of names to values, not {kind(node)}", hint)
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

    def _refuse_unused_additions(self, spec: Spec) -> None:
        """Report the variables beside `extends` that the base does not have and nothing uses: slips, most likely."""
        known: dict[str, None] = {}
        added: list[tuple[int, Scalar, list[str]]] = []
        for place, mapping in reversed(list(enumerate(self.chain))):
            node = mapping.get("variables")
            keys = [key for key, _ in node.entries] if isinstance(node, Mapping) else []
            if place + 1 < len(self.chain):
                before = list(known)
                added += [(place, key, before) for key in keys if key.text in self.variables and key.text not in known]
            known.update(dict.fromkeys(key.text for key in keys))
        if not added:
            return
        used = variables_used(spec)
        if self.problems:
            # What is wrong is in no template.
            used.update(*map(_words_in, self.chain))
        # Nor is what a nearer spec replaces.
        replaced = {place for place, key, _ in added if place and key.text not in used}
        words = {place: _words_in(self.chain[place]) for place in replaced}
        for place, key, before in added:
            if key.text not in used and key.text not in words.get(place, ()):
                message = f"{self.texts[place + 1][0]} has no variable {quoted(key.text)}, and nothing uses it here"
                hint = f"its variables are {listed(before, 'and')}" if before else "it has no variables"
                self.problem(key.span, message, did_you_mean(key.text, before, hint))

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
            if default := re.fullmatch(r"(\w{1,50})\s*:\s*(\w{1,50})", word):
                hint = f"write a default as {default.group(1)}={default.group(2)}"
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
            nodes = self._inputs_by_name(node)
        elif node is not None:
            nodes = {"input": node}
        elif not changes and "input" not in self.misnamed:
            self.problem(root, "the spec has no input", INPUT_HINT)
        for name, text in changes:
            from cnncalc.spec import slips

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
                such = times(slips.read_sizes(text) or (3, 224, 224))
                shown = f"{'as in' if such in text else 'such as'} {surface.sizes(such)}"
                self.problem(span, f"{quoted(wrong)} is no size", f"write the channels first, then the sizes, {shown}")
                nodes.setdefault(key, Scalar("", True, span))
                continue
            if key in nodes and (meant := slips.complete_shape(sizes, nodes[key])):
                message = f"channels come first, and the input of this spec has {meant.channels}"
                self.problem(span, message, f"write {surface.new_input_shape(name, str(meant))}")
                nodes[key] = Scalar("", True, span)
                continue
            nodes[key] = Sequence(tuple(Scalar(size.strip(), True, span, literal=False) for size in sizes), span)
        return tuple((name, self._input(value, known)) for name, value in nodes.items())

    def _inputs_by_name(self, node: Mapping) -> dict[str, Node]:
        """The sizes of each input of a mapping by its name."""
        from cnncalc.spec import slips

        if written := slips.join_sizes(node):
            self.problem(node.span, "input is a list of sizes, not a mapping of them", f"write input: {written}")
            return {"input": Scalar("", True, node.span._replace(line=0))}
        if not node.entries:
            self.problem(node.span, "input names no input", INPUT_HINT)
        return {key.text: value for key, value in node.entries if self._is_input_name(key)}

    def _input(self, node: Node, known: frozenset[str]) -> Template:
        if node.span.line == 0 and isinstance(node, Scalar):
            # The option is wrong, which is reported already.
            return Constant(UNKNOWN, node.span)
        # 3*32*32 is an expression.
        if isinstance(node, Scalar) and "*" not in node.text:
            from cnncalc.spec import slips

            if sizes := slips.read_sizes(node.text):
                moved = re.match(r"\D*0*(\d+)", node.text)
                first = "; channels come first" if moved and moved.group(1) != str(sizes.channels) else ""
                hint = f"write [{', '.join(map(str, sizes))}]{first}"
                self.problem(node.span, f"input takes a list, not {kind(node)}", hint)
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
                hint = "write a block's name and a colon, such as conv_bn(filters):, without a dash"
                self.problem(node.span, f"blocks is a mapping of blocks to their layers, not {kind(node)}", hint)
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
                self.unusable.add((re.match(r"\w+", name) or [name])[0])
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
            hint = "begin each with '- '"
            if isinstance(node, Mapping) and all(key.text.startswith("-") for key, _ in node.entries):
                hint = "write a space after each dash"
            elif isinstance(node, Mapping) and node.get("layers") is not None:
                hint = "write the list itself, without layers: above it"
                if len(node.entries) > 1:
                    hint += "; a block declares its parameters in its name, such as unit(width):"
            self.problem(node.span, f"a list of layers is expected here, not {kind(node)}", hint)
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
        if named := next((pair for pair in types if self._names_a_type(*pair)), None):
            self._refuse_type_key(*named, [pair for pair in types if pair is not named])
            return Item("", None, None, None, None, None, None, False, (), node.span)
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

    def _names_a_type(self, key: Scalar, value: Node) -> bool:
        """Whether a key holds a layer's type as other formats have it: `type: conv`."""
        return key.text in TYPE_KEYS and key.text not in self.signatures and isinstance(value, Scalar)

    def _refuse_type_key(self, key: Scalar, value: Node, settings: list[tuple[Scalar, Node]]) -> None:
        from cnncalc.layers import foreign

        word = value.text if isinstance(value, Scalar) else ""
        hint = foreign.suggest_type(word, self.signatures, Mapping(tuple(settings), key.span))
        hint = hint or "write `- conv: {filters: 64, kernel: 3}`"
        self.problem(key.span, f"the type of a layer is the key of its item, not the value of {quoted(key.text)}", hint)

    def _refuse_types(self, keys: list[Scalar], span: Span) -> None:
        """An item has one type; the settings of a layer written beside it are the usual slip."""
        if not keys:
            self.problem(span, "this item has no type", "name a layer type or a block, such as '- conv: {...}'")
            return
        from cnncalc.layers import foreign

        first, *others = keys
        type_settings = self._setting_names(first.text)
        for other in others:
            if other.text in type_settings:
                hint = f"indent it below {first.text}:, or write {first.text}: {{{other.text}: ...}}"
                self.problem(other.span, f"{other.text!r} is a setting of {first.text}, not beside it", hint)
                return
        for position, key in enumerate(keys):
            if not self._is_type(key.text) and any(self._is_type(other.text) for other in keys):
                elsewhere = (word for word, words in MODIFIERS_ELSEWHERE.items() if key.text.casefold() in words)
                hint = did_you_mean(key.text, (*MODIFIERS, *type_settings), f"beside a type stand {listed(MODIFIERS)}")
                if meant := next(elsewhere, None):
                    hint = f"cnncalc calls it {meant}"
                elif advice := foreign.advise_setting(key.text):
                    hint = advice
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
            return ItemGroup(self.items(arguments or Scalar("", True, key.span), known))
        if word == "branch":
            branches = self._branches(arguments, known, key)
            return None if branches is None else SideBranches(branches)
        found = layers.find(word)
        if found is None:
            self.problem(key.span, f"unknown layer type {quoted(word)}", self._type_hint(word, arguments))
            self._look_inside(arguments, known)
            return None
        if found.several_inputs:
            return self._join(key, found, arguments, known)
        return self._layer(key, found, arguments, known)

    def _type_hint(self, word: str, arguments: Node | None) -> str:
        """What was meant by a word that is no type."""
        from cnncalc.layers import foreign

        first = (re.match(r"[\w.]+", word) or [word])[0]
        if re.search(r"\w\s+- ", word):
            return f"begin each item in a line of its own, its '- ' below that of {first}"
        if first != word and self._is_type(first):
            rest = "".join(ascii_lookalike(sign) or sign for sign in word[len(first) :]).strip(" :()[];")
            if not rest:
                return f"write `- {first}`"
            if rest.startswith(","):
                return "begin each item in a line of its own, after '- '"
            if not rest.isprintable() or not 0 < len(rest) <= LONGEST_QUOTE:
                rest = "..."
            elif "=" in rest:
                from cnncalc.spec import slips

                rest = slips.write_mapping(rest.split(","), self._setting_names(first))
            elif "," in rest:
                rest = f"[{rest}]"
            return f"write {first}: {rest}, with a space after the colon"
        if word in MODIFIERS:
            return f"{word} stands beside a type, in the same item"
        hint = foreign.suggest_type(first, (*self.signatures, *CONTAINERS), arguments)
        return hint or "`cnncalc layers` lists them; blocks: defines your own"

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
                    hint = error.hint or _order_hint(key.text, found, name, arguments)
                    self.problem(template.span, f"{key.text}: {error.message}", hint)
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
            if misplaced := next((name for name, value in arguments.entries if self._is_modifier(name, value)), None):
                hint = f"write `{key.text}:` and, indented like it, `{misplaced.text}:` in a line of its own"
                self.problem(misplaced.span, f"{misplaced.text!r} stands beside {key.text}, not below it", hint)
                return None
            settings = [(name, value) for name, value in arguments.entries if name.text in found.settings]
            rest = tuple((name, value) for name, value in arguments.entries if name.text not in found.settings)
            branches = Mapping(rest, arguments.span) if rest else None
            if len(rest) == 1 and (rest[0][0].text == "branches" or _names_inputs(*rest[0])):
                branches = rest[0][1]
            misspelt = [(name, value) for name, value in rest if self._is_misspelt(name, value, found)]
            if misspelt:
                settings += misspelt
                branches = None
        call = self._layer(key, found, Mapping(tuple(settings), key.span), known)
        if branches is None or (isinstance(branches, Sequence) and not branches.items):
            return call
        decoded = self._branches(branches, known, key)
        return None if call is None or decoded is None else JoinCall(call, decoded)

    def _is_modifier(self, name: Scalar, value: Node) -> bool:
        """Whether a key of a join belongs beside it: a modifier's word with a value that is no branch."""
        items = value.items if isinstance(value, Sequence) else (value,)
        texts = [item.text for item in items if isinstance(item, Scalar) and not item.is_null]
        return name.text in MODIFIERS and any(not self._is_type(text) for text in texts)

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
        texts = [value.text for _, value in named if isinstance(value, Scalar) and not value.is_null]
        if isinstance(node, Sequence) and len(texts) == len(named) > 0 and not all(map(self._is_type, texts)):
            read = f"[{', '.join(texts)}]"
            read = read if read.isprintable() and len(read) <= LONGEST_QUOTE else "[...]"
            hint = f"to read layers by name, write `{key.text}:` with `from: {read}` beside it"
            hint = hint if key.text != "branch" else "write each branch as a list of layers"
            self.problem(node.span, f"{key.text} takes branches, not names of layers", hint)
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
        # A setting with a slip in its name is probably the one that is missing; 3x3 in one value may be both.
        slip = len(self.problems) > before and not isinstance(node, Mapping)
        if missing and usable and not slip:
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
            unknown = [name for name, _ in node.entries if name.text not in names]
            if unknown:
                from cnncalc.spec import slips

                if written := slips.list_braced_values(node):
                    hint = f"write {key.text}: {written}"
                    self.problem(node.span, "braces hold settings by name, not by position", hint)
                    return []
            for name in unknown:
                message = f"{key.text} has no {what} {quoted(name.text)}"
                self.problem(name.span, message, self._setting_hint(name.text, key.text, parameters))
            return [(name.text, value) for name, value in node.entries if name.text in names]
        values = node.items if isinstance(node, Sequence) and not is_one_list(parameters) else (node,)
        if any(map(_is_no_value, values)) and self._refuse_named(key, what, names, values):
            return []
        if len(values) > len(names):
            hint = f"they are {', '.join(names)}" if names else f"write {key.text} alone"
            count = f"at most {plural(len(names), what)}" if names else f"no {what}s"
            self.problem(values[len(names)].span, f"{key.text} takes {count}, not {len(values)}", hint)
        return list(zip(names, values, strict=False))

    def _refuse_named(self, key: Scalar, what: str, names: list[str], values: Iterable[Node]) -> bool:
        """Report a name in braces, or an argument by name, among the values of a list."""
        from cnncalc.spec import slips

        if braced := next((value for value in values if slips.is_braced_name(value)), None):
            self.problem(braced.span, "braces have no meaning around a name", "write the name without braces")
            return True
        if named := next((value for value in values if slips.names_an_argument(value)), None):
            texts = [text for value in values for text in slips.list_texts(value)]
            hint = f"write {key.text}: {slips.write_mapping(texts, names)}"
            self.problem(named.span, f"a list gives {what}s by position, not by name", hint)
            return True
        return False

    def _setting_hint(self, word: str, type_name: str, parameters: tuple[Parameter, ...] | tuple[Setting, ...]) -> str:
        """What was meant by a word that is none of the settings or parameters."""
        from cnncalc.layers import foreign

        if word in MODIFIERS:
            return f"{word} stands beside {type_name}, not below it"
        if sign := next((character for character in word if ascii_lookalike(character)), ""):
            return f"write {quoted(ascii_lookalike(sign))} for {quoted(sign)}, with a space behind it"
        if "=" in word:
            return "a setting and its value stand with a colon between: name: value"
        if word.endswith(")"):
            return "a list stands in [ ], such as [3, 3]"
        names = [parameter.name for parameter in parameters]
        name, colon, value = word.partition(":")
        if colon and name in names:
            return f"write {quoted(f'{name}: {value}')}, with a space after the colon"
        settings = [parameter for parameter in parameters if isinstance(parameter, Setting)]
        return foreign.suggest_setting(word, names, settings) or (f"it has {listed(names)}" if names else "it has none")


def _order_hint(word: str, found: type[LayerType], name: str, arguments: Node | None) -> str:
    """The order of settings by position, for a value that is probably meant for another."""
    order = list(found.settings)
    strange = order.index(name) > 0 or isinstance(found.settings[name], Flag)
    by_position = not isinstance(arguments, Mapping) and len(order) > 1
    return f"by position {word} takes {listed(order)}" if strange and by_position else ""


def _names_inputs(key: Scalar, value: Node) -> bool:
    """Whether it is a list of names under a word that means `from` elsewhere, such as `inputs: [a, b]`."""
    listed_names = isinstance(value, Sequence) and all(isinstance(item, Scalar) for item in value.items)
    return listed_names and key.text.casefold() in MODIFIERS_ELSEWHERE["from"]


def _is_no_value(node: Node) -> bool:
    """Whether a value of a list may be a name in braces or an argument by name: a mapping, or text with a lone `=`."""
    if isinstance(node, Scalar):
        return "=" in node.text and bool(re.search("(?<![=<>!])=(?!=)", node.text))
    return isinstance(node, Mapping)


def _loop_names(loop: Loop | None) -> frozenset[str]:
    return frozenset() if loop is None else loop.names


def _words_in(spec: Mapping) -> set[str]:
    """The words of a spec's text, without the names of its variables."""
    words: set[str] = set()
    waiting: list[Node] = []
    for key, value in spec.entries:
        if key.text == "variables" and isinstance(value, Mapping):
            waiting += [inner for _, inner in value.entries]
        else:
            waiting.append(value)
    done: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            words.update(re.findall(r"\w+", node.text))
        elif id(node) not in done:
            done.add(id(node))
            if isinstance(node, Sequence):
                waiting += node.items
            else:
                waiting += [part for entry in node.entries for part in entry]
    return words


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
