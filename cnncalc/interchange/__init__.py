"""Files of other programs -> graphs, whose located nodes are like those of a flat spec."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap

    from cnncalc.interchange.graph import Graph

# The readers by the suffix of their files: modules of this folder with a function read(content, file, sizes) -> Graph.
READERS = {".cfg": "darknet", ".prototxt": "caffe", ".keras": "keras", ".json": "keras", ".tflite": "tflite"}
# Their modules get the bytes of the file instead of its text.
BINARY: tuple[str, ...] = (".tflite",)
ARCHIVES = (".keras",)
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


def read_graph(content: str | bytes | mmap, path: str, shown: str, inputs: Iterable[tuple[str, str]] = ()) -> Graph:
    """The graph of another program's file, from its text or bytes; messages show the file as `shown`.

    `inputs` are sizes that the user gives, as text; those that are wrong are left to the decoder, which reports them.
    Raises SpecError with every operator that cannot be read, at its line.
    """
    if isinstance(content, str):
        # Places count the ends of lines as editors do.
        content = re.sub("\r\n?", "\n", content)
        reader = _reader_of_text(path, content)
    else:
        reader = reader_of(path)
    name = shown if path == STANDARD_INPUT else os.path.splitext(os.path.basename(path))[0]
    graph: Graph = import_module(f"{__name__}.{reader}").read(content, shown, sizes_of(inputs))
    return graph if graph.name else graph._replace(name=name)


def sizes_of(inputs: Iterable[tuple[str, str]]) -> dict[str, tuple[int, ...]]:
    """The sizes that the user gives, by the names of inputs, as far as they are numbers."""
    return {name: tuple(map(int, re.findall(r"[0-9]+", text))) for name, text in inputs if SIZES.fullmatch(text)}


def read_torch(target: str, inputs: Iterable[tuple[str, str]] = ()) -> Graph:
    """The graph of a PyTorch module, `package.module:function`, whose code is executed."""
    graph: Graph = import_module(f"{__name__}.torch").read_module(target, sizes_of(inputs))
    return graph
