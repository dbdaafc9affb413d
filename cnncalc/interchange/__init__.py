"""Files of other programs -> located nodes, like those of a flat spec."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncalc.syntax.source import Mapping

# The readers by the suffix of their files: modules of this folder with a function `read(text, file) -> Graph`.
READERS = {".cfg": "darknet"}


def reader_of(path: str) -> str:
    """The reader of a file, by its suffix; empty if no reader fits."""
    return READERS.get(os.path.splitext(path)[1].lower(), "")


def read(text: str, path: str, shown: str) -> Mapping:
    """The spec of another program's file; messages show the file as `shown`.

    Raises SpecError with every operator that cannot be read, at its line.
    """
    from cnncalc.interchange.graph import to_spec

    name = os.path.splitext(os.path.basename(path))[0]
    graph = import_module(f"{__name__}.{reader_of(path)}").read(text, shown)
    return to_spec(graph if graph.name else graph._replace(name=name))
