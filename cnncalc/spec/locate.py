"""Where the text of a spec is: files, standard input, bundled networks, git revisions, and the specs that it names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnncalc import bundled, git, interchange, limits, surface
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, nearest, quoted
from cnncalc.record import Record
from cnncalc.spec.records import Identity
from cnncalc.syntax import source
from cnncalc.syntax.source import Mapping, Node, Scalar, Sequence, kind

if TYPE_CHECKING:
    from cnncalc.interchange.graph import Graph

# Separators that make a name a path, on any system.
PATH_SIGNS = re.compile(r"[/\\:]|^~|^\.{0,2}$")

# A spec has one of these keys.
MARKS = ("input", "layers", "blocks", "extends")
MOST_KEYS = 50
# Files in which other programs store networks, and which are not read.
PYTORCH = "PyTorch models"
FORMATS = {
    ".pt": PYTORCH,
    ".pth": PYTORCH,
    ".ckpt": "checkpoints",
    ".safetensors": "safetensors weights",
    ".h5": "HDF5 files",
    ".hdf5": "HDF5 files",
    ".pb": "TensorFlow models",
    ".caffemodel": "Caffe models",
    ".weights": "Darknet models",
    ".mlmodel": "Core ML models",
    ".py": "Python code",
    ".ipynb": "notebooks",
}


class Place(Record):
    """The location of a spec: a file or `-`, or with a `revision` the file at that git revision.

    If `text` is given, it is read instead of the file; specs that it extends are looked for beside the path.
    """

    path: str
    shown: str
    revision: str = ""
    text: str | None = None


class ParsedFile(Record):
    """A YAML mapping with the text and the place it was read from; messages show its file as `shown`.

    `bases` are the files that it extends, as messages show them. A file of another program has its `graph`.
    """

    mapping: Mapping
    text: str
    shown: str
    place: Place = Place("", "")
    bases: tuple[str, ...] = ()
    graph: Graph | None = None


def locate(reference: str | Place) -> Place:
    """The place of a spec: a file here, else a bundled network, else `revision:path` in git.

    A broken link is a file, too: nothing else with that name is read instead. Raises SpecError if none of them
    exists, or if a file here shares its name with a git revision or a bundled network.
    """
    if isinstance(reference, Place):
        return reference
    if reference == "-":
        return Place("-", "<stdin>")
    path = bundled.path(reference)
    at_revision = git.split(reference)
    if os.path.lexists(reference) and not (path and os.path.isdir(reference)):
        if reference in bundled.names():
            message = f"{reference}: is both a file here and a bundled network"
            raise SpecError([Problem(None, message, f"write ./{reference} for the file, or rename it")])
        if at_revision is not None and git.has_revision(at_revision[0]):
            message = f"{reference}: is a file here, but {quoted(at_revision[0])} is also a git revision"
            raise SpecError([Problem(None, message, f"write ./{reference} for the file, or rename it")])
        return Place(reference, reference)
    if path is not None:
        return Place(path, bundled.shown(path))
    if at_revision is not None:
        revision, path = at_revision
        return Place(path, reference, revision)
    if advice := _format_advice(reference):
        raise SpecError([Problem(None, f"{reference}: no such file", advice)])
    if os.path.dirname(reference) or interchange.reader_of(reference):
        raise SpecError([Problem(None, f"{reference}: no such file")])
    hint = did_you_mean(
        reference.removesuffix(bundled.SUFFIX), bundled.names(), "`cnncalc list` shows the bundled networks"
    )
    raise SpecError([Problem(None, f"{reference}: no such file or bundled network", hint)])


def at_revision(place: Place, revision: str) -> Place | None:
    """The place of the same path at a git revision, or None if the spec is new.

    A new path that links to a file in git is not a new spec. Bundled networks are in no repository.
    Raises git.RevisionError if the revision cannot be read, and SpecError if the path leads out of the
    repository or nowhere, or if a bundled network replaces a deleted file.
    """
    if place.path == "-":
        raise SpecError([Problem(None, "standard input is not in git", "name a file")])
    if not place.revision and place.path == bundled.path(place.shown):
        if git.find(revision, place.shown):
            message = f"{revision} has a file {place.shown}, but here the bundled network with this name is read"
            raise SpecError([Problem(None, message, f"restore the file and write ./{place.shown}")])
        return None
    path = place.path
    found = git.find(revision, path)
    if found is None and not place.revision:
        path = os.path.relpath(os.path.realpath(path))
        found = git.find(revision, path) if git.path_from_top(path) is not None else None
    if found is None and git.is_file(revision, place.path):
        raise SpecError([Problem(None, f"{revision}:{place.path}: is a broken link")])
    return Place(path, f"{revision}:{path}", revision) if found else None


def refuse_link_outside(place: Place) -> None:
    """Raise SpecError if a file of the current repository is a link to a file outside it or in its .git."""
    top = git.top()
    if limits.current().outside or place.path == "-" or place.revision or top is None:
        return
    if os.path.abspath(place.path).startswith(os.path.join(top, "")) and not is_within(place.path, top):
        message = f"{place.shown}: is a link to a file outside the repository"
        raise SpecError([Problem(None, message, f"name the target, or allow it with {surface.outside()}")])


def _format_advice(path: str) -> str:
    """A hint for a file of another program; empty for other files."""
    name = "" if interchange.reader_of(path) else FORMATS.get(os.path.splitext(path)[1].lower())
    known = "YAML specs, and networks of ONNX, Keras, TensorFlow Lite, Caffe and Darknet"
    advice = f"cnncalc reads {known}, not {name}"
    if name == PYTORCH:
        advice = f"{advice}; export them to ONNX, or import their code with `cnncalc import --torch MODULE:FUNCTION`"
    return advice if name else ""


def read(place: Place) -> str:
    """The text at a place. Raises SpecError if it cannot be read."""
    most = limits.current().bytes
    if place.text is None and interchange.is_binary(place.path):
        hint = f"`cnncalc show --expand {place.shown}` prints its network as a spec"
        raise SpecError([Problem(None, f"{place.shown}: is a binary file", hint)])
    if place.text is not None:
        data = place.text.encode(errors="surrogatepass")
    else:
        data = git.read(place.revision, place.path, most) if place.revision else source.read(place.path)
    if place.text is None and interchange.is_archive(place.path):
        from cnncalc.interchange.archive import read_config

        data = read_config("" if place.revision else place.path, place.shown, data)
    try:
        text = source.text_of(data, place.shown)
        if _format_advice(place.path):
            source.refuse_unreadable(text, place.shown)
    except SpecError:
        _refuse_format(place)
        raise
    return text


class Intake:
    """The files that are read for one spec: each is read once, and the limits hold for all of them together."""

    def __init__(
        self,
        documents: Iterable[ParsedFile] = (),
        inputs: Iterable[tuple[str, str]] = (),
        options: interchange.ReaderOptions = interchange.NO_OPTIONS,
    ) -> None:
        self.documents = {identify(document.place): document for document in documents}
        # The sizes that the user gives: another program's file may have none for its inputs.
        self.inputs = tuple(inputs)
        self.options = options
        self.characters = sum(len(document.text) for document in self.documents.values())
        self.values = 0
        self.uncounted: list[Node] = [document.mapping for document in self.documents.values()]

    def read(self, place: Place, reference: Node | None = None) -> ParsedFile:
        """The document at a place that `reference` names, the spec itself without one. Raises SpecError."""
        identity = identify(place)
        if identity not in self.documents:
            self.documents[identity] = self._read(place, reference)
        return self.documents[identity]

    def _read(self, place: Place, reference: Node | None) -> ParsedFile:
        most = limits.current().nesting
        if len(self.documents) > most:
            message = f"the spec needs more than {most} other files"
            raise SpecError([Problem(None, message, limits.raised("nesting"))])
        if any(document.shown == place.shown for document in self.documents.values()):
            place = place._replace(shown=place.path)
        graph = None
        if interchange.is_binary(place.path) and place.text is None:
            text, graph = "", _read_binary(place, self.inputs, self.options)
        else:
            text = read(place)
            self.characters += len(text)
            _refuse_sum("bytes", self.characters)
            if interchange.recognizes(place.path, text):
                graph = interchange.read_graph(text, place.path, place.shown, self.inputs, self.options)
        node = _parse(text, place) if graph is None else spec_of(graph)
        if not isinstance(node, Mapping):
            message = f"a spec is a mapping with input: and layers:, not {kind(node)}"
            hint = "`cnncalc show vgg16` prints one"
            if isinstance(node, Sequence):
                hint = "write the top-level keys without '- '"
            raise SpecError([Problem(node.span, message, hint)])
        # A spec of one file has no more values than a file may have.
        self.uncounted.append(node)
        if reference is not None:
            self.values += sum(map(source.values_in, self.uncounted))
            self.uncounted.clear()
            _refuse_sum("values", self.values)
        return ParsedFile(node, text, place.shown, place, (), graph)


def chain_of(
    place: Place,
    inputs: Iterable[tuple[str, str]] = (),
    options: interchange.ReaderOptions = interchange.NO_OPTIONS,
) -> tuple[ParsedFile, ...]:
    """The spec at a place and those that it extends, nearest first.

    `inputs` are sizes that the user gives, and `options` are those of the readers of other programs' files.
    """
    limits.restart()
    return read_chain(place, Intake(inputs=inputs, options=options))


def read_chain(place: Place, intake: Intake, reference: Node | None = None) -> tuple[ParsedFile, ...]:
    """The spec at a place, which `reference` names, and those that it extends, nearest first.

    Each file occurs once, before all that it extends; the last file in a list of `extends` is the nearest. Raises
    SpecError if one cannot be read, or extends itself.
    """
    done: dict[Identity, ParsedFile] = {}
    above: dict[Identity, None] = {}

    def visit(place: Place, reference: Node | None) -> Place:
        identity = identify(place)
        if identity in above:
            message = f"extends forms a cycle: {os.path.basename(place.path)} is already extended"
            raise SpecError([Problem(None, message, "remove one extends of the cycle")])
        if identity not in done:
            document = intake.read(place, reference)
            above[identity] = None
            bases = []
            for base in _bases_in(document.mapping):
                with placed_at(base.span):
                    bases.append(visit(locate_beside(base, document.place, "extends"), base).shown)
            above.popitem()
            done[identity] = document._replace(bases=tuple(bases))
        return done[identity].place

    with placed_at(None if reference is None else reference.span):
        visit(place, reference)
    return tuple(reversed(done.values()))


@contextmanager
def placed_at(span: Span | None) -> Iterator[None]:
    """Give the problems of a SpecError that have no place the one of what names the file."""
    try:
        yield
    except SpecError as error:
        if span is None or all(problem.span is not None for problem in error.problems):
            raise
        raise SpecError([problem._replace(span=problem.span or span) for problem in error.problems]) from None


def _bases_in(mapping: Mapping) -> tuple[Node, ...]:
    """The references to the specs that a spec extends."""
    node = mapping.get("extends")
    if isinstance(node, Sequence):
        return node.items
    return () if node is None else (node,)


def _read_binary(place: Place, inputs: Iterable[tuple[str, str]], options: interchange.ReaderOptions) -> Graph:
    """The graph of a model file. It is mapped into memory: weights may take gigabytes, and are not read."""
    from mmap import ACCESS_READ, mmap

    most = limits.current().bytes
    if place.revision:
        data = git.read(place.revision, place.path, most)
        if len(data) > most:
            message = f"{place.shown}: is larger than {most:,} bytes, and a revision is read at once"
            raise SpecError([Problem(None, message, limits.raised("bytes"))])
        return interchange.read_graph(data, place.path, place.shown, inputs, options)
    if not os.path.isfile(place.path) or os.path.getsize(place.path) <= most:
        return interchange.read_graph(source.read(place.path), place.path, place.shown, inputs, options)
    try:
        with open(place.path, "rb") as file:
            mapped = mmap(file.fileno(), 0, access=ACCESS_READ)
    except OSError as error:
        raise SpecError([Problem(None, f"{place.path}: cannot be read: {error.strerror}")]) from None
    return interchange.read_graph(mapped, place.path, place.shown, inputs, options)


def document_of(graph: Graph, shown: str) -> ParsedFile:
    """The document of a graph without a file."""
    return ParsedFile(spec_of(graph), "", shown, Place("-", shown), (), graph)


def spec_of(graph: Graph) -> Mapping:
    """The located nodes of a graph."""
    from cnncalc.interchange.graph import to_spec

    return to_spec(graph)


def _parse(text: str, place: Place) -> Node:
    """The nodes of a text. Of a file of another program that cannot be read, only that it is one is reported."""
    try:
        node = source.parse(text, place.shown)
    except SpecError:
        # A spec may be written in JSON: what is wrong with it is worth reporting.
        if not text.lstrip().startswith("{"):
            _refuse_format(place)
        raise
    if not (isinstance(node, Mapping) and any(node.get(key) for key in MARKS)):
        _refuse_format(place)
        _refuse_other_json(node, place)
    return node


def _refuse_format(place: Place) -> None:
    """Raise SpecError for a file of another program."""
    if advice := _format_advice(place.path):
        raise SpecError([Problem(None, f"{place.shown}: is not a spec", advice)])


def _refuse_other_json(node: Node, place: Place) -> None:
    """Raise SpecError for JSON with no key that is one of a spec, or nearly one."""
    if not isinstance(node, Mapping) or not interchange.reader_of(place.path):
        return
    if not any(nearest(key.text, MARKS) for key, _ in node.entries[:MOST_KEYS]):
        message = f"{place.shown}: is neither a spec nor a Keras model"
        raise SpecError([Problem(None, message, "model.to_json() of Keras writes a model")])


def _refuse_sum(key: str, together: int) -> None:
    """Raise SpecError where a spec is too large together with the files that it needs."""
    most: int = getattr(limits.current(), key)
    if together > most:
        message = f"with the files that it needs the spec has more than {most:,} {key}"
        raise SpecError([Problem(None, message, limits.raised(key))])


def identify(place: Place) -> Identity:
    """What tells the file at a place from others."""
    return place.revision, os.path.normpath(place.path) if place.revision else os.path.realpath(place.path)


def locate_beside(reference: Node, place: Place, word: str) -> Place:
    """The file that the `word` of the spec at a place names: in the same folder, or bundled.

    Libraries may lie in a folder `blocks` beside it. With the limit `outside` any file is allowed. A spec at a
    revision takes files of that revision. Raises SpecError where there is none.
    """
    if not isinstance(reference, Scalar) or reference.is_null:
        raise SpecError([Problem(reference.span, f"{word} takes the name of a spec, not {kind(reference)}")])
    name, span = reference.text, reference.span
    outside = limits.current().outside
    folder = "" if place.path == "-" else os.path.dirname(place.path)
    beside = os.path.join(folder, name)
    if not outside and PATH_SIGNS.search(name.removeprefix(bundled.LIBRARIES)):
        message = f"{word} takes a file in the same folder or a bundled network, not the path {quoted(name)}"
        hint = f"copy the file beside this one, or allow it with {surface.outside()}"
        raise SpecError([Problem(span, message, hint)])
    found: Place | None = None
    if place.revision:
        beside = os.path.normpath(beside).replace(os.sep, "/")
        if git.find(place.revision, beside):
            found = Place(beside, f"{place.revision}:{beside}", place.revision)
            stays = outside or git.is_within(place.revision, beside, folder)
    elif os.path.isfile(beside):
        found = Place(beside, beside if folder != bundled.folder() else name)
        stays = outside or is_within(beside, folder or os.curdir)
    if found is not None:
        if not stays:
            message = f"{word} {quoted(name)}, which is a link to a file outside this folder"
            raise SpecError([Problem(span, message, f"copy the file here, or allow it with {surface.outside()}")])
        return found
    bundled_path = bundled.path(name)
    if bundled_path is not None:
        return Place(bundled_path, bundled.shown(bundled_path))
    hint = did_you_mean(name.removesuffix(bundled.SUFFIX), (*bundled.names(), *bundled.libraries()))
    message = f"{word} {quoted(name)}, but this folder has no such file, and no bundled network has this name"
    raise SpecError([Problem(span, message, hint)])


def is_within(path: str, folder: str) -> bool:
    """Whether a file is in a folder or below it, after resolving links, but not in a .git."""
    own, real = os.path.realpath(folder), os.path.realpath(path)
    if not (real == own or real.startswith(os.path.join(own, ""))):
        return False
    return ".git" not in os.path.relpath(real, own).lower().split(os.sep)
