"""The file cnncalc.yaml of a repository: which specs are checked, and their guards in addition to their own.

    defaults:                        # used if neither an entry nor the spec has the key
      budget: {params_size: 100 MiB}
    lint:
      ignore: [CNN012]
      severity: {CNN001: error}
    specs:
      designs/*.yaml:                # built, linted, and checked against their own budgets
      designs/mobile_*.yaml:
        budget: {params: 5M}
        set: {classes: 10}
        input: [3, 192, 192]
      vgg16:                         # a bundled network
        expect: {params: 138_357_544}

A spec that several entries name is checked against all of them. Patterns cannot leave the folder of the file,
because they may come from the author of a pull request.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from cnncalc import bundled, git, limits
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, listed, quoted
from cnncalc.layers.shapes import DTYPES, times
from cnncalc.limits import Cost
from cnncalc.record import Record
from cnncalc.spec.folders import WILDCARDS, Folders, matches, split_pattern
from cnncalc.spec.guards import BUDGET, GUARDS, Guards, read_guards
from cnncalc.spec.locate import Place, is_within
from cnncalc.syntax import source
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind

FILE = "cnncalc.yaml"
TOP_KEYS = ("defaults", "lint", "specs")
ENTRY_KEYS = (*GUARDS, "set", "input", "batch", "dtype", "lint")
DEFAULT_KEYS = (BUDGET, "batch", "dtype")
# Paths out of a folder: to the folder above, the root, another drive or a home.
OUTSIDE = re.compile(r"(^|[/\\])\.\.([/\\]|$)|^[/\\~]|^[A-Za-z]:")
SIZE = r"[1-9][0-9]{0,17}"
# Channels and sizes; the spec determines their number.
MOST_SIZES = 10
LINT_KEYS = ("select", "ignore", "severity")


class Lint(Record):
    """The selected and ignored rules, by code or name as written, and severities; each with its place."""

    select: tuple[tuple[str, Span], ...] = ()
    ignore: tuple[tuple[str, Span], ...] = ()
    severities: tuple[tuple[str, str, Span], ...] = ()


class ConfigEntry(Record):
    """The guards and options for the specs that a pattern names; None or empty if the entry does not set them.

    `specs` are these specs, and `own` identifies each: a file with all links resolved, or a bundled network.
    """

    pattern: str
    span: Span
    guards: Guards = Guards()
    settings: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    batch: int | None = None
    dtype: str | None = None
    lint: Lint = Lint()
    specs: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()


class Config(Record):
    """A decoded cnncalc.yaml; its patterns are relative to its `folder`."""

    file: str
    folder: str
    defaults: ConfigEntry
    lint: Lint
    entries: tuple[ConfigEntry, ...]


EMPTY = Config("", "", ConfigEntry("", Span("", 0, 0)), Lint(), ())


def find() -> str | None:
    """The nearest cnncalc.yaml: in the current folder or above it, up to the repository's top folder.

    Raises SpecError if it is a link out of its folder.
    """
    try:
        folder = os.getcwd()
    except OSError:
        # The current folder was deleted.
        return None
    while True:
        path = os.path.join(folder, FILE)
        if os.path.lexists(path):
            found = os.path.relpath(path)
            if not limits.current().outside and not is_within(path, folder):
                message = f"{found}: is a link to a file outside its folder"
                raise SpecError([Problem(None, message, "name the file with --config")])
            if os.path.exists(path) and not os.path.isfile(path):
                # Opening a pipe would wait for a writer.
                raise SpecError(
                    [Problem(None, f"{found}: is not a regular file", "name the configuration with --config")]
                )
            return found
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            return None
        folder = parent


def read(path: str) -> Config:
    """The configuration of a file. Raises SpecError with all of its problems."""
    with limits.counted():
        node = source.parse(source.text_of(source.read(path), path), path)
        try:
            return _ConfigReader(path).config(node)
        except SpecError as error:
            raise SpecError(problem._replace(span=problem.span or node.span) for problem in error.problems) from None


def specs_of(config: Config) -> tuple[str, ...]:
    """The specs that the entries name, in their order. Raises SpecError if an entry names none."""
    found: dict[str, None] = {}
    problems = []
    for entry in config.entries:
        if not entry.specs:
            hint = "write a pattern relative to the folder of cnncalc.yaml; * matches any name, ** also folders"
            problems.append(Problem(entry.span, f"{quoted(entry.pattern)} matches no spec", hint))
        found.update(dict.fromkeys(entry.specs))
    if problems:
        raise SpecError(problems)
    return tuple(found)


def entries_of(config: Config, reference: str) -> tuple[ConfigEntry, ...]:
    """The entries that name a spec, under any of its paths."""
    own = os.path.realpath(reference) if os.path.exists(reference) else reference.removesuffix(bundled.SUFFIX)
    return tuple(entry for entry in config.entries if own in entry.own)


class ConfigsInGit:
    """The configuration at git revisions, which sets variables and inputs of baselines. Each revision is read once.

    `used` is the command's configuration. `path` is the file that the command names, None for the nearest file at
    each revision. A file outside the repository applies to all revisions.
    """

    def __init__(self, used: Config, path: str | None) -> None:
        self.used = used
        self.path = path
        self.read: dict[str, Config] = {}
        self.starts: dict[tuple[str, str], tuple[str, ...]] = {}

    def entries_of(self, place: Place) -> tuple[ConfigEntry, ...]:
        """The entries that set values in a spec at a revision. Raises SpecError if they cannot be read there."""
        if self.path is not None and git.path_from_top(self.path) is None:
            return entries_of(self.used, place.path)
        if place.revision not in self.read:
            self.read[place.revision] = _read_at(place.revision, self.path)
        config = self.read[place.revision]
        setting = [entry for entry in config.entries if entry.settings or entry.inputs]
        if not setting:
            return ()
        with limits.counted():
            found = (git.path_from_top(place.path), git.follow_links(place.revision, place.path))
            paths = [path for path in dict.fromkeys(found) if path is not None]
            return tuple(entry for entry in setting if self._names(entry, config, place.revision, paths))

    def _names(self, entry: ConfigEntry, config: Config, revision: str, paths: list[str]) -> bool:
        """Whether an entry names a spec by one of its paths, or through a link at the beginning of its pattern."""
        parts = split_pattern(entry.pattern)
        plain = next((place for place, part in enumerate(parts) if WILDCARDS.search(part)), len(parts))
        beginning = os.path.join(config.folder, *parts[:plain])
        for start in self._starts(revision, beginning):
            for path in paths:
                rest = os.path.relpath(f"/{path}", f"/{start}").split(os.sep)
                if rest[0] != os.pardir and matches(parts[plain:], [] if rest == [os.curdir] else rest):
                    return True
        return False

    def _starts(self, revision: str, beginning: str) -> tuple[str, ...]:
        """The beginning of a pattern, relative to the top of the repository, as written and with links resolved."""
        key = revision, beginning
        if key not in self.starts:
            found = [git.path_from_top(beginning)]
            if found[0] is not None:
                found.append(git.follow_links(revision, beginning))
            self.starts[key] = tuple(dict.fromkeys(start for start in found if start is not None))
        return self.starts[key]


def _read_at(revision: str, path: str | None) -> Config:
    """The configuration of a file at a revision, or the nearest one there; empty if there is none.

    Its entries have no specs. Raises SpecError with all of its problems.
    """
    if path is None:
        path = _find_at(revision)
        if path and not limits.current().outside and not git.is_within(revision, path, os.path.dirname(path)):
            message = f"{revision}:{path}: is a link to a file outside its folder"
            raise SpecError([Problem(None, message, "name the file with --config")])
    if path is None or not git.is_file(revision, path):
        return EMPTY
    shown = f"{revision}:{path}"
    text = source.text_of(git.read(revision, path, limits.current().bytes), shown)
    with limits.counted():
        reader = _ConfigReader(shown)
        config = reader.decode(source.parse(text, shown))
        reader.refuse_problems()
    return config._replace(folder=os.path.dirname(path))


def _find_at(revision: str) -> str | None:
    """The nearest cnncalc.yaml at a revision: in the current folder or above it, up to the top folder."""
    path = FILE
    while git.path_from_top(path) is not None:
        if git.is_file(revision, path):
            return path
        path = os.path.join(os.pardir, path)
    return None


class _ConfigReader:
    """Reads one configuration and collects its problems."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.real = os.path.realpath(path)
        self.folder = os.path.dirname(path)
        self.folders = Folders(self.folder)
        self.problems = limits.Problems()
        self.problem = self.problems.report

    def config(self, node: Node) -> Config:
        """The configuration, each entry with its specs."""
        config = self.decode(node)
        config = config._replace(entries=tuple(map(self.found, config.entries)))
        self.refuse_problems()
        return config

    def refuse_problems(self) -> None:
        if self.problems:
            raise SpecError(self.problems)

    def decode(self, node: Node) -> Config:
        """The configuration as written; its entries have no specs yet."""
        top = self.mapping(node, TOP_KEYS, FILE)
        defaults = ConfigEntry("", node.span)
        if "defaults" in top:
            defaults = self.entry("", node.span, top["defaults"], DEFAULT_KEYS)
        lint = self.lint(top["lint"]) if "lint" in top else Lint()
        entries = []
        if isinstance(specs := top.get("specs"), Mapping):
            entries = [self.entry(key.text, key.span, value, ENTRY_KEYS) for key, value in specs.entries]
        elif isinstance(specs, Sequence):
            entries = [ConfigEntry(item.text, item.span) for item in self.texts(specs.items, "a pattern of files")]
        elif specs is not None:
            self.problem(specs.span, f"specs is a list of files, or a mapping from files to budgets, not {kind(specs)}")
        return Config(self.path, self.folder, defaults, lint, tuple(entries))

    def found(self, entry: ConfigEntry) -> ConfigEntry:
        """An entry with its specs: files other than the configuration, or the bundled network with this name."""
        outside = limits.current().outside
        if not outside and OUTSIDE.search(entry.pattern):
            message = f"the pattern {quoted(entry.pattern)} leaves the folder of {FILE}"
            self.problem(
                entry.span, message, "write a pattern inside the folder, or allow other folders with --allow-outside"
            )
            return entry
        limits.spend(Cost.PATTERN_LOOKUP)
        try:
            matching = self.folders.find_files(entry.pattern)
        except OSError as error:
            message = f"the folder {quoted(error.filename)} cannot be read: {error.strerror}"
            self.problem(entry.span, message, "make it readable, or write a pattern that excludes it")
            return entry
        paths = [os.path.normpath(os.path.join(self.folder, path)) for path in matching]
        # A command would take these for standard input, a git revision or a bundled network.
        paths = [
            os.path.join(os.curdir, path) if path == "-" or ":" in path or path in bundled.names() else path
            for path in paths
        ]
        files = [path for path in paths if not self.is_own(path)]
        if files and entry.pattern in bundled.names():
            message = f"{quoted(entry.pattern)} is both a file here and a bundled network"
            self.problem(entry.span, message, f"write ./{entry.pattern} for the file, or rename it")
        for path in files:
            if not outside and not is_within(path, self.folder or "."):
                message = f"{quoted(path)} is a link to a file outside the folder of {FILE}"
                self.problem(entry.span, message, "copy the file here, or allow it with --allow-outside")
            elif os.path.exists(path) and not os.path.isfile(path):
                self.problem(
                    entry.span, f"{quoted(path)} is not a regular file", "remove it, or write a narrower pattern"
                )
        if files:
            return entry._replace(specs=tuple(files), own=frozenset(map(os.path.realpath, files)))
        if bundled.path(entry.pattern):
            name = entry.pattern
            return entry._replace(specs=(name,), own=frozenset({name.removesuffix(bundled.SUFFIX)}))
        return entry

    def is_own(self, path: str) -> bool:
        """Whether a path is that of the configuration. A link to it counts as a spec, and is refused later."""
        if path == os.path.normpath(self.path):
            return True
        return os.path.realpath(path) == self.real and not os.path.islink(path)

    def mapping(self, node: Node, known: Iterable[str], what: str) -> dict[str, Node]:
        """The values of a mapping's known keys; null is an empty mapping."""
        if node.is_null:
            return {}
        if not isinstance(node, Mapping):
            self.problem(node.span, f"{what} is a mapping, not {kind(node)}", f"its keys are {listed(known)}")
            return {}
        found = {}
        for key, value in node.entries:
            if key.text in known:
                found[key.text] = value
            elif key.text == "layers" and what == FILE:
                raise SpecError([Problem(key.span, f"{self.path} is a spec, not a configuration", "rename it")])
            else:
                hint = did_you_mean(key.text, known, f"its keys are {listed(known)}")
                self.problem(key.span, f"{what} has no {quoted(key.text)}", hint)
        return found

    def texts(self, items: Iterable[Node], what: str) -> list[Scalar]:
        """The items that are text; reports the others."""
        found = []
        for item in items:
            if isinstance(item, Scalar) and not item.is_null:
                found.append(item)
            else:
                self.problem(item.span, f"expected {what}, got {kind(item)}")
        return found

    def entry(self, pattern: str, span: Span, node: Node, known: tuple[str, ...]) -> ConfigEntry:
        keys = self.mapping(node, known, "an entry" if pattern else "defaults")
        guards = {key: keys[key] for key in GUARDS if key in keys}
        return ConfigEntry(
            pattern,
            span,
            read_guards(guards, frozenset(), self.problems),
            self.settings(keys["set"]) if "set" in keys else (),
            self.inputs(keys["input"]) if "input" in keys else (),
            self.batch(keys["batch"]) if "batch" in keys else None,
            self.dtype(keys["dtype"]) if "dtype" in keys else None,
            self.lint(keys["lint"]) if "lint" in keys else Lint(),
        )

    def settings(self, node: Node) -> tuple[tuple[str, str], ...]:
        """Variables with their values, in the form of `--set`."""
        if isinstance(node, Mapping):
            return tuple((key.text, self.text(value)) for key, value in node.entries)
        self.problem(node.span, f"set is a mapping from variables to values, not {kind(node)}")
        return ()

    def inputs(self, node: Node) -> tuple[tuple[str, str], ...]:
        """Inputs, in the form of `--input`."""
        if isinstance(node, Mapping):
            return tuple((key.text, self.sizes(value)) for key, value in node.entries)
        return (("", self.sizes(node)),)

    def sizes(self, node: Node) -> str:
        if isinstance(node, Scalar):
            words = re.split("[x×]", node.text)
        else:
            items = node.items if isinstance(node, Sequence) else ()
            words = [item.text if isinstance(item, Scalar) else "" for item in items]
        if 0 < len(words) <= MOST_SIZES and all(re.fullmatch(SIZE, word) for word in words):
            return times(tuple(map(int, words)))
        self.problem(node.span, f"input takes sizes, not {kind(node)}", "write sizes such as [3, 192, 192]")
        return ""

    def text(self, node: Node) -> str:
        """A value as an expression."""
        limits.spend(1)
        if isinstance(node, Scalar):
            limits.spend(len(node.text))
            return node.text
        if isinstance(node, Sequence):
            return f"[{', '.join(self.text(item) for item in node.items)}]"
        self.problem(node.span, f"expected a value, got {kind(node)}")
        return ""

    def batch(self, node: Node) -> int | None:
        if isinstance(node, Scalar) and re.fullmatch(r"[1-9][0-9]{0,8}", node.text):
            return int(node.text)
        self.problem(node.span, f"batch is a whole number of at least 1, not {kind(node)}")
        return None

    def dtype(self, node: Node) -> str | None:
        if isinstance(node, Scalar) and node.text in DTYPES:
            return node.text
        hint = did_you_mean(node.text, DTYPES) if isinstance(node, Scalar) else ""
        self.problem(node.span, f"dtype is a data type, not {kind(node)}", hint or f"use {listed(DTYPES, 'or')}")
        return None

    def lint(self, node: Node) -> Lint:
        keys = self.mapping(node, LINT_KEYS, "lint")
        severities = []
        if "severity" in keys:
            severity = keys["severity"]
            if isinstance(severity, Mapping):
                severities = [(key.text, self.text(value), value.span) for key, value in severity.entries]
            else:
                self.problem(
                    severity.span,
                    f"severity is a mapping from rules to severities, not {kind(severity)}",
                    "write CNN003: error",
                )
        return Lint(self.words(keys.get("select")), self.words(keys.get("ignore")), tuple(severities))

    def words(self, node: Node | None) -> tuple[tuple[str, Span], ...]:
        if node is None:
            return ()
        items = node.items if isinstance(node, Sequence) else (node,)
        found = []
        for item in self.texts(items, "the code or name of a rule"):
            words = [word.strip() for word in item.text.split(",")]
            limits.spend(Cost.PATTERN_LOOKUP * len(words))
            found += [(word, item.span) for word in words if word]
        return tuple(found)
