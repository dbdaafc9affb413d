"""Nodes -> Spec: blocks, items, branches and repeats, with every name and setting checked.

Nothing is expanded here, so that a block that is never used is checked all the same. What is
wrong is collected; an item that cannot be used stays in its place with `action` None, and what
comes below it is still checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from cnncalc import bundled, layers, source
from cnncalc.layer_type import LayerType
from cnncalc.problem import Problem, RuleError, Span, SpecError, did_you_mean, listed
from cnncalc.settings import PerAxisWhole, Setting, WholeList
from cnncalc.source import Mapping, Node, Scalar, Sequence, kind
from cnncalc.templates import Constant, NameTemplate, Template, TemplateReader, is_constant

TOP_KEYS = ("name", "source", "extends", "input", "variables", "blocks", "layers", "outputs")
MODIFIERS = ("name", "from", "repeat", "for", "when", "weights", "training_only")
BRANCH_KEYS = ("layers", "when", "from", "repeat", "for")
CONTAINERS = ("layers", "branch")
RESERVED = ("previous", "input")


class Loop(NamedTuple):
    """How often an item is passed through: `repeat` times, and once a row of the lists of `walks`."""

    repeat: Template | None
    walks: tuple[tuple[tuple[str, ...], Template], ...]
    span: Span


class Sources(NamedTuple):
    """Where an item's input comes from: names, each with the key it has inside a block, or none."""

    names: tuple[tuple[str | None, NameTemplate], ...]
    span: Span


class LayerCall(NamedTuple):
    """A layer type with arguments; `ready` is the layer where every argument is constant."""

    type: type[LayerType]
    arguments: dict[str, Template]
    ready: LayerType | None


class BlockCall(NamedTuple):
    """A block with arguments for its parameters."""

    block: str
    arguments: dict[str, Template]


class Branch(NamedTuple):
    """One branch of a join, or a side branch."""

    name: str | None
    items: tuple[Item, ...]
    when: Template | None
    loop: Loop | None
    sources: Sources | None
    span: Span


class Join(NamedTuple):
    """A join with branches."""

    call: LayerCall
    branches: tuple[Branch, ...]


class SideBranches(NamedTuple):
    """Branches that leave the main path as it is."""

    branches: tuple[Branch, ...]


class Group(NamedTuple):
    """An unnamed block."""

    items: tuple[Item, ...]


Action: TypeAlias = LayerCall | BlockCall | Join | SideBranches | Group


class Item(NamedTuple):
    """An item of a list of layers: what it does, and its modifiers. `type` is its word in the file."""

    type: str
    action: Action | None
    name: NameTemplate | None
    sources: Sources | None
    loop: Loop | None
    when: Template | None
    weights: NameTemplate | None
    training_only: bool
    span: Span


class Parameter(NamedTuple):
    """A parameter of a block; without a default it must be given."""

    name: str
    default: Template | None
    required: bool


class Block(NamedTuple):
    """A block: its signature and its items."""

    name: str
    parameters: tuple[Parameter, ...]
    items: tuple[Item, ...]
    span: Span


class Spec(NamedTuple):
    """A decoded spec. `names` are the names given anywhere in it, for forward references."""

    name: str
    source: str
    file: str
    inputs: tuple[tuple[str, Template], ...]
    variables: dict[str, Template]
    blocks: dict[str, Block]
    items: tuple[Item, ...]
    outputs: tuple[NameTemplate, ...]
    names: dict[str, Span]
    span: Span
    problems: tuple[Problem, ...]


def read_spec(reference: str, settings: Iterable[tuple[str, str]] = (), inputs: Iterable[tuple[str, str]] = ()) -> Spec:
    """The spec of a file, of standard input (`-`) or of a bundled network's name.

    `settings` change variables and `inputs` the input (name "" for the one input), both as text.
    Raises SpecError where no spec can be made of it; what can be reported beside other problems
    is in `problems`.
    """
    path, shown = locate(reference)
    return decode(_chain(source.parse(source.read(path), shown), path), shown, settings, inputs)


def locate(reference: str) -> tuple[str, str]:
    """The path of a spec and the name it is shown by: a file here, else a bundled network."""
    if reference == "-":
        return "-", "<stdin>"
    if os.path.exists(reference):
        return reference, reference
    path = bundled.path(reference)
    if path is not None:
        return path, os.path.basename(path)
    if os.path.dirname(reference):
        raise SpecError([Problem(None, f"{reference}: there is no such file")])
    hint = did_you_mean(reference.removesuffix(bundled.SUFFIX), bundled.names(), "`cnncalc list` shows the networks")
    raise SpecError([Problem(None, f"{reference}: there is no such file and no bundled network of that name", hint)])


def _chain(node: Node, path: str) -> list[Mapping]:
    """The spec's mapping and those of the specs it extends, nearest first."""
    chain: list[Mapping] = []
    paths: list[str] = []
    while True:
        if not isinstance(node, Mapping):
            message = f"a spec is a mapping with input: and layers:, not {kind(node)}"
            raise SpecError([Problem(node.span, message)])
        chain.append(node)
        paths.append(os.path.realpath(path))
        base = node.get("extends")
        if base is None:
            return chain
        path, shown = _locate_base(base, path)
        if os.path.realpath(path) in paths:
            message = f"extends goes in a circle: {os.path.basename(path)} is extended already"
            raise SpecError([Problem(base.span, message, "a spec starts from one that does not start from it")])
        try:
            node = source.parse(source.read(path), shown)
        except SpecError as error:
            if any(problem.span is None for problem in error.problems):
                raise SpecError(
                    [Problem(base.span, problem.message, problem.hint) for problem in error.problems]
                ) from None
            raise


def _locate_base(base: Node, path: str) -> tuple[str, str]:
    """The file that `extends` names: of the same folder, else bundled."""
    if not isinstance(base, Scalar) or base.is_null:
        raise SpecError([Problem(base.span, f"extends takes the name of one spec, not {kind(base)}")])
    name = base.text
    if os.path.basename(name) != name or name in (".", ".."):
        message = f"extends takes a file of the same folder or a bundled network, not the path {name!r}"
        raise SpecError([Problem(base.span, message, "copy the file beside this one")])
    folder = "" if path == "-" else os.path.dirname(path)
    beside = os.path.join(folder, name)
    if os.path.isfile(beside):
        return beside, beside if folder != bundled.folder() else name
    bundled_path = bundled.path(name)
    if bundled_path is not None:
        return bundled_path, os.path.basename(bundled_path)
    hint = did_you_mean(name.removesuffix(bundled.SUFFIX), bundled.names())
    message = f"extends {name!r}: there is no such file in this folder and no bundled network of that name"
    raise SpecError([Problem(base.span, message, hint)])


def decode(
    chain: list[Mapping],
    file: str,
    settings: Iterable[tuple[str, str]] = (),
    inputs: Iterable[tuple[str, str]] = (),
) -> Spec:
    """A Spec from the mappings of a spec and of those it extends."""
    return _Decoder(chain, file).spec(tuple(settings), tuple(inputs))


class _Decoder:
    """Decodes one spec; the problems it meets are collected."""

    def __init__(self, chain: list[Mapping], file: str) -> None:
        self.chain = chain
        self.file = file
        self.problems: list[Problem] = []
        self.reader = TemplateReader(self.problems)
        self.names: dict[str, Span] = {}
        self.variables: dict[str, Template] = {}
        self.signatures: dict[str, tuple[Parameter, ...]] = {}
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
        outputs = tuple(
            name
            for node in self._nodes(top.get("outputs"))
            if (name := self.reader.name(node, known, "an output")) is not None
        )
        return Spec(
            self._text(top.get("name"), "name") or os.path.basename(self.file).removesuffix(bundled.SUFFIX),
            self._text(top.get("source"), "source"),
            self.file,
            input_templates,
            self.variables,
            blocks,
            items,
            outputs,
            self.names,
            root,
            tuple(self.problems),
        )

    def _top(self) -> dict[str, Node]:
        """The value of each top-level key, from the nearest spec that has it."""
        top: dict[str, Node] = {}
        for mapping in self.chain:
            for key, node in mapping.entries:
                if key.text not in TOP_KEYS:
                    hint = did_you_mean(key.text, TOP_KEYS, f"a spec has {listed(TOP_KEYS)}")
                    if layers.find(key.text):
                        hint = "a layer stands in the list under layers:, after a '-'"
                    self.problem(key.span, f"unknown key {key.text!r}", hint)
                elif not (isinstance(node, Scalar) and node.is_null):
                    top.setdefault(key.text, node)
        return top

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
                if self._is_name(key, "variable"):
                    nodes[key.text] = value
        for name, text in settings:
            if name not in nodes:
                known = f"the variables are {', '.join(nodes)}" if nodes else "the spec has no variables"
                self.problem(None, f"--set {name}: there is no variable {name!r}", did_you_mean(name, nodes, known))
                continue
            nodes[name] = source.parse(text, f"--set {name}")
        for name, node in nodes.items():
            if isinstance(node, Scalar) and (later := set(nodes) - set(self.variables)) and node.text in later:
                self.problem(node.span, f"variable {name!r} uses {node.text!r}, which stands below it", "move it up")
                continue
            template = self.reader.template(node, frozenset(self.variables))
            # A variable that cannot be read still exists: what uses it is not wrong as well.
            self.variables[name] = template or Constant(None, node.span)

    def _is_name(self, key: Scalar, what: str) -> bool:
        if re.fullmatch(r"[^\W\d]\w*", key.text):
            return True
        self.problem(key.span, f"{key.text!r} cannot be the name of a {what}", "names are of letters, digits and _")
        return False

    def _decode_inputs(
        self, node: Node | None, changes: tuple[tuple[str, str], ...], known: frozenset[str], root: Span
    ) -> tuple[tuple[str, Template], ...]:
        if node is None and not changes:
            self.problem(root, "the spec has no input", "write input: [channels, height, width], such as [3, 224, 224]")
            return ()
        nodes: dict[str, Node] = {}
        if isinstance(node, Mapping):
            nodes = {key.text: value for key, value in node.entries if self._is_input_name(key)}
        elif node is not None:
            nodes = {"input": node}
        for name, text in changes:
            key = name or "input"
            if nodes and key not in nodes:
                hint = f"the inputs are {', '.join(nodes)}: write --input {next(iter(nodes))}={text}"
                self.problem(None, f"--input {text}: there is no input {key!r}", hint)
                continue
            span = Span("--input", 1, 1)
            sizes = re.split(r"[x,×]", text.strip("[] "))
            nodes[key] = Sequence(tuple(Scalar(size.strip(), True, span) for size in sizes), span)
        templates = ((name, self.reader.template(value, known)) for name, value in nodes.items())
        return tuple((name, template) for name, template in templates if template is not None)

    def _is_input_name(self, key: Scalar) -> bool:
        if key.text in RESERVED:
            self.problem(key.span, f"{key.text!r} is a reserved name", "give the input a name of its own")
            return False
        return self._is_name(key, "input")

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
        bodies: dict[str, tuple[Scalar, Node]] = {}
        for name, (key, body) in found.items():
            parameters = self._signature(key, known)
            if parameters is not None:
                self.signatures[name] = parameters
                bodies[name] = (key, body)
        blocks = {}
        for name, (key, body) in bodies.items():
            self.block = name
            self.calls[name] = {}
            names = frozenset(parameter.name for parameter in self.signatures[name])
            items = self.items(body, known | names)
            blocks[name] = Block(name, self.signatures[name], items, key.span)
        self._refuse_cycles()
        return blocks

    def _signature(self, key: Scalar, known: frozenset[str]) -> tuple[Parameter, ...] | None:
        """The parameters of `name(a, b=1)`; they are known even where one of them is wrong."""
        match = re.fullmatch(r"\s*([^\W\d]\w*)\s*(?:\((.*)\))?\s*", key.text, re.DOTALL)
        if match is None:
            self.problem(key.span, f"{key.text!r} is no block", "write it like a function: conv_bn(filters, kernel=3)")
            return None
        name, inside = match.group(1), match.group(2) or ""
        if layers.find(name) or name in CONTAINERS:
            self.problem(key.span, f"{name!r} is a layer type already", "give the block another name")
            return None
        parameters: list[Parameter] = []
        for start, text in _split(inside):
            word, equals, default = text.partition("=")
            parameter = word.strip()
            span = key.span._replace(column=key.span.column + match.start(2) + start)
            if not re.fullmatch(r"[^\W\d]\w*", parameter):
                self.problem(span, f"{parameter!r} cannot be a parameter of {name}", "names are of letters, digits, _")
                continue
            names = [earlier.name for earlier in parameters]
            if parameter in names:
                self.problem(span, f"{name} has the parameter {parameter!r} twice", "rename one")
                continue
            if not equals and parameters and not parameters[-1].required:
                self.problem(span, f"{parameter!r} has no default but stands after one that has", "move it before")
            template = None
            if equals:
                shift = start + len(word) + 1 + len(default) - len(default.lstrip())
                template = self.reader.expression(
                    default.strip(), key.span, known | frozenset(names), skip=match.start(2) + shift
                )
            parameters.append(Parameter(parameter, template, not equals))
        return tuple(parameters)

    def _refuse_cycles(self) -> None:
        """A block that uses itself, directly or through others, would never end."""
        done: set[str] = set()

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in done:
                return
            for other, span in self.calls.get(name, {}).items():
                if other in (*above, name):
                    circle = (*above, name)[(*above, name).index(other) :]
                    self.problem(span, f"the block {other!r} uses itself: {' -> '.join((*circle, other))}")
                else:
                    visit(other, (*above, name))
            done.add(name)

        for name in self.calls:
            visit(name, ())

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
            return Item(node.text, action, None, None, None, None, None, False, node.span)
        if not isinstance(node, Mapping):
            self.problem(node.span, f"a layer is expected here, not {kind(node)}", "write its type, such as '- relu'")
            return Item("", None, None, None, None, None, None, False, node.span)
        types = [(key, value) for key, value in node.entries if key.text not in MODIFIERS]
        modifiers = {key.text: value for key, value in node.entries if key.text in MODIFIERS}
        loop = self._loop(modifiers, known, node.span)
        inside = known | _loop_names(loop)
        name = None
        if "name" in modifiers:
            name = self._name(modifiers["name"], inside)
        action = None
        if len(types) == 1:
            key, arguments = types[0]
            action = self._action(key, arguments, inside)
        else:
            self._refuse_types([key for key, _ in types], node.span)
        return Item(
            types[0][0].text if types else "",
            action,
            name,
            self._sources(modifiers.get("from"), inside),
            loop,
            self._optional(modifiers.get("when"), inside),
            self.reader.name(modifiers["weights"], inside, "weights") if "weights" in modifiers else None,
            self._flag(modifiers.get("training_only"), "training_only"),
            types[0][0].span if types else node.span,
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
            near = did_you_mean(other.text, MODIFIERS)
            if near and not self._is_type(other.text):
                self.problem(other.span, f"unknown key {other.text!r}", near)
                return
        words = listed([repr(key.text) for key in keys])
        self.problem(others[0].span, f"an item has one type, but here are {words}", "begin each with its own '- '")

    def _setting_names(self, type_name: str) -> tuple[str, ...]:
        if type_name in self.signatures:
            return tuple(parameter.name for parameter in self.signatures[type_name])
        found = layers.find(type_name)
        return tuple(found.settings) if found else ()

    def _is_type(self, word: str) -> bool:
        return word in self.signatures or word in CONTAINERS or layers.find(word) is not None

    def _name(self, node: Node, known: frozenset[str]) -> NameTemplate | None:
        name = self.reader.name(node, known, "a name")
        if name is None:
            return None
        text = name.constant
        if text is not None:
            if text in RESERVED:
                self.problem(node.span, f"{text!r} is a reserved name", "choose another")
                return None
            if text.startswith(".") or text.endswith(".") or ".." in text:
                self.problem(node.span, f"the name {text!r} has an empty part", "dots stand between parts")
                return None
            self.names.setdefault(text, node.span)
        return name

    def _flag(self, node: Node | None, key: str) -> bool:
        if node is None:
            return False
        if isinstance(node, Scalar) and node.text in ("true", "false"):
            return node.text == "true"
        self.problem(node.span, f"{key} takes true or false, not {kind(node)}")
        return False

    def _optional(self, node: Node | None, known: frozenset[str]) -> Template | None:
        return None if node is None else self.reader.template(node, known)

    def _sources(self, node: Node | None, known: frozenset[str]) -> Sources | None:
        if node is None:
            return None
        if isinstance(node, Mapping):
            pairs = [(key.text, self.reader.name(value, known, "from")) for key, value in node.entries]
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
        if isinstance(node, Mapping):
            for key, value in node.entries:
                names = tuple(word.strip() for word in key.text.split(","))
                if not all(re.fullmatch(r"[^\W\d]\w*", name) for name in names):
                    self.problem(key.span, f"{key.text!r} does not name what for walks through", "write names: lists")
                    continue
                template = self.reader.template(value, known)
                walks.append((names, template or Constant(None, value.span)))
        elif node is not None:
            self.problem(
                node.span, f"for is a mapping of names to lists, not {kind(node)}", "such as {width: [64, 128]}"
            )
        inside = known | {name for names, _ in walks for name in names}
        repeat = self._optional(modifiers.get("repeat"), inside)
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
        if word == "layers":
            return Group(self.items(arguments or Scalar("", True, key.span), known))
        if word == "branch":
            branches = self._branches(arguments, known, key)
            return None if branches is None else SideBranches(branches)
        found = layers.find(word)
        if found is None:
            known_types = (*layers.all_types(), *self.signatures, *CONTAINERS)
            hint = did_you_mean(word, known_types, "`cnncalc layers` lists them; blocks: defines your own")
            self.problem(key.span, f"unknown layer type {word!r}", hint)
            self._look_inside(arguments, known)
            return None
        if found.several_inputs:
            return self._join(key, found, arguments, known)
        return self._layer(key, found, arguments, known)

    def _look_inside(self, arguments: Node | None, known: frozenset[str]) -> None:
        """Names below an unknown type still count as defined."""
        if isinstance(arguments, Mapping):
            for _, value in arguments.entries:
                if isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value.items):
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
            if is_constant(template):
                try:
                    constants[name] = found.settings[name].decode(template.evaluate({}))
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
        call = self._layer(key, found, Mapping(tuple(settings), key.span), known)
        if branches is None:
            return call
        decoded = self._branches(branches, known, key)
        return None if call is None or decoded is None else Join(call, decoded)

    def _branches(self, node: Node | None, known: frozenset[str], key: Scalar) -> tuple[Branch, ...] | None:
        named: list[tuple[Scalar | None, Node]]
        if isinstance(node, Mapping):
            named = list(node.entries)
        elif isinstance(node, Sequence):
            named = [(None, value) for value in node.items]
        else:
            found = kind(node) if node is not None else "nothing"
            hint = "write a list of branches, or a mapping of their names to lists of layers"
            self.problem(node.span if node is not None else key.span, f"{key.text} takes branches, not {found}", hint)
            return None
        branches = [self._branch(name, value, known) for name, value in named]
        return None if None in branches else tuple(branch for branch in branches if branch is not None)

    def _branch(self, name: Scalar | None, node: Node, known: frozenset[str]) -> Branch | None:
        label = None
        if name is not None:
            if not re.fullmatch(r"[\w/+-]+", name.text):
                self.problem(name.span, f"{name.text!r} cannot be the name of a branch", "letters, digits and _ - + /")
                return None
            label = name.text
            self.names.setdefault(label, name.span)
        span = name.span if name is not None else node.span
        if not isinstance(node, Mapping):
            if isinstance(node, Scalar) and not node.is_null:
                hint = f"write a list: [{node.text}]"
                self.problem(node.span, f"a branch is a list of layers, not {kind(node)}", hint)
                return None
            return Branch(label, self.items(node, known), None, None, None, span)
        for key, _ in node.entries:
            if key.text not in BRANCH_KEYS:
                hint = did_you_mean(key.text, BRANCH_KEYS, f"a branch has {listed(BRANCH_KEYS)}")
                if self._is_type(key.text):
                    hint = f"a branch is a list: begin {key.text} with '- '"
                self.problem(key.span, f"unknown key {key.text!r} in a branch", hint)
                return None
        values = {key.text: value for key, value in node.entries}
        loop = self._loop(values, known, node.span)
        inside = known | _loop_names(loop)
        return Branch(
            label,
            self.items(values.get("layers", Scalar("", True, node.span)), inside),
            self._optional(values.get("when"), inside),
            loop,
            self._sources(values.get("from"), inside),
            span,
        )

    def _arguments(
        self,
        key: Scalar,
        node: Node | None,
        known: frozenset[str],
        parameters: tuple[Parameter, ...] | tuple[Setting, ...],
    ) -> dict[str, Template] | None:
        """The templates given for parameters or settings, by name; None where one cannot be used."""
        pairs = self._pairs(key, node, parameters)
        if pairs is None:
            return None
        by_name = {parameter.name: parameter for parameter in parameters}
        given: dict[str, Template] = {}
        complete = True
        for name, value in pairs:
            parameter = by_name[name]
            keywords = parameter.keywords if isinstance(parameter, Setting) else ()
            template = self.reader.template(value, known, keywords)
            if template is None:
                complete = False
            else:
                given[name] = template
        missing = [
            parameter.name for parameter in parameters if parameter.required and parameter.name not in dict(pairs)
        ]
        if missing:
            doc = getattr(by_name[missing[0]], "doc", "")
            hint = f"{missing[0]} is the {doc}" if doc else f"write {key.text}: {{{missing[0]}: ...}}"
            self.problem(key.span, f"{key.text} needs {listed(missing)}", hint)
            return None
        return given if complete else None

    def _pairs(
        self, key: Scalar, node: Node | None, parameters: tuple[Parameter, ...] | tuple[Setting, ...]
    ) -> list[tuple[str, Node]] | None:
        """Which parameter gets which node, by name or by position."""
        names = [parameter.name for parameter in parameters]
        what = "argument" if key.text in self.signatures else "setting"
        if node is None:
            return []
        if isinstance(node, Mapping):
            pairs = []
            for name, value in node.entries:
                if name.text not in names:
                    otherwise = f"it has {listed(names)}" if names else "it has none"
                    hint = did_you_mean(name.text, names, otherwise)
                    self.problem(name.span, f"{key.text} has no {what} {name.text!r}", hint)
                    return None
                pairs.append((name.text, value))
            return pairs
        values = node.items if isinstance(node, Sequence) and not _is_one_list(parameters) else (node,)
        if len(values) > len(names):
            hint = f"they are {', '.join(names)}" if names else f"write {key.text} alone"
            count = f"at most {len(names)}" if names else "no"
            plural = "" if len(names) == 1 else "s"
            self.problem(values[len(names)].span, f"{key.text} takes {count} {what}{plural}, not {len(values)}", hint)
            return None
        return list(zip(names, values, strict=False))


def _is_one_list(parameters: tuple[Parameter, ...] | tuple[Setting, ...]) -> bool:
    """Whether a list is the value of the first setting, not arguments by position."""
    first = parameters[0] if parameters else None
    if not isinstance(first, WholeList):
        return False
    return len(parameters) == 1 or not isinstance(first, PerAxisWhole)


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
