"""Files of other programs -> graphs, whose located nodes are like those of a flat spec."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from cnncalc.errors import Problem, SpecError, listed

if TYPE_CHECKING:
    from mmap import mmap

    from cnncalc.interchange.graph import Graph

# The readers by the suffix of their files: modules of this folder with a function read(content, file, sizes) -> Graph.
READERS = {
    ".cfg": "darknet", ".prototxt": "caffe", ".keras": "keras", ".json": "keras", ".onnx": "onnx", ".tflite": "tflite",
}  # fmt: skip
# Their modules get the bytes of the file instead of its text.
BINARY = (".onnx", ".tflite")
ARCHIVES = (".keras",)
# What `cnncalc import` may ask of readers besides the sizes of inputs, and the readers that know it.
OPTIONS = {"phase": ("caffe",), "opaque": ("onnx", "tflite")}
ReaderOptions: TypeAlias = "Mapping[str, object]"
UNKNOWN_TYPE = "opaque"
NO_OPTIONS: ReaderOptions = {}
# A spec may be written in JSON, and has none of these keys.
KERAS_JSON = re.compile(r'\s*\{\s*(?:"\w+"\s*:\s*(?:"[^"]*"|null)\s*,\s*){0,20}"class_name"\s*:')
# How the texts of programs begin: standard input has no suffix.
SIGNS = {
    "darknet": re.compile(r"\s*(?:[#;][^\n]*\n\s*)*\[(?:net|network)\]"),
    "caffe": re.compile(r"(?:[^\n]*\n)*?(?:layers?|input_shape)[ \t]*\{"),
    "keras": KERAS_JSON,
}
STANDARD_INPUT = "-"
SIZES = re.compile(r"\s*\[?\s*[1-9][0-9]{0,17}(\s*[x×,]\s*[1-9][0-9]{0,17}){0,9}\s*\]?\s*")


def reader_of(path: str) -> str:
    """The reader of a file, by its suffix; empty if no reader fits."""
    return READERS.get(os.path.splitext(path)[1].lower(), "")


def is_binary(path: str) -> bool:
    """Whether a file is read as bytes; only the parts that describe the network are touched."""
    return path.lower().endswith(BINARY)


def is_archive(path: str) -> bool:
    """Whether a file is an archive; only a part of it is read."""
    return path.lower().endswith(ARCHIVES)


def recognizes(path: str, text: str) -> bool:
    """Whether a file is one of another program, by its suffix and, if that is not enough, by its text."""
    return bool(_reader_of_text(path, text))


def _reader_of_text(path: str, text: str) -> str:
    if path == STANDARD_INPUT:
        return next((reader for reader, sign in SIGNS.items() if sign.match(text)), "")
    reader = reader_of(path)
    return reader if not path.lower().endswith(".json") or KERAS_JSON.match(text) else ""


def read_graph(
    content: str | bytes | mmap,
    path: str,
    shown: str,
    inputs: Iterable[tuple[str, str]] = (),
    options: ReaderOptions = NO_OPTIONS,
) -> Graph:
    """The graph of another program's file, from its text or bytes; messages show the file as `shown`.

    `inputs` are sizes that the user gives, as text; those that are wrong are left to the decoder, which reports them.
    Raises SpecError with every operator that cannot be read, at its line, and for options that the reader has not.
    """
    if isinstance(content, str):
        # Places count the ends of lines as editors do.
        content = re.sub("\r\n?", "\n", content)
        reader = _reader_of_text(path, content)
    else:
        reader = reader_of(path)
    name = shown if path == STANDARD_INPUT else os.path.splitext(os.path.basename(path))[0]
    refuse_options(options, reader, shown)
    graph: Graph = import_module(f"{__name__}.{reader}").read(content, shown, sizes_of(inputs), **options)
    return _with_note(graph if graph.name else graph._replace(name=name))


def refuse_options(options: ReaderOptions, reader: str, shown: str) -> None:
    """Raise SpecError for options that a reader lacks; the reader of a spec is empty."""
    for option in options:
        if reader not in OPTIONS[option]:
            suffixes = [suffix for suffix, name in READERS.items() if name in OPTIONS[option]]
            message = f"{shown}: --{option} applies only to {listed(suffixes)} files"
            raise SpecError([Problem(None, message, f"leave out --{option}")])


def _with_note(graph: Graph) -> Graph:
    """The graph with a note about its opaque layers: an unknown number must not pass for a zero."""
    opaque = [layer.name for layer in graph.layers if layer.type == UNKNOWN_TYPE]
    if not opaque:
        return graph
    note = f"Unknown operators are declared as opaque, without multiply-accumulates: complete {listed(opaque)}."
    return graph._replace(notes=(*graph.notes, note))


def sizes_of(inputs: Iterable[tuple[str, str]]) -> dict[str, tuple[int, ...]]:
    """The sizes that the user gives, by the names of inputs, as far as they are numbers."""
    return {name: tuple(map(int, re.findall(r"[0-9]+", text))) for name, text in inputs if SIZES.fullmatch(text)}


def read_torch(target: str, inputs: Iterable[tuple[str, str]] = ()) -> Graph:
    """The graph of a PyTorch module, `package.module:function`, whose code is executed."""
    graph: Graph = import_module(f"{__name__}.torch").read_module(target, sizes_of(inputs))
    return graph
