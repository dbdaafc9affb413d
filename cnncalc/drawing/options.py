"""The options of a drawing."""

from __future__ import annotations

from cnncalc.record import Record
from cnncalc.spec.quantities import IN_TRAINING, SUMS

THEMES = ("auto", "light", "dark")
DIRECTIONS = ("down", "right")
STYLES = ("boxes", "volumes")
# Formats that are text, and those that matplotlib writes.
TEXTS = ("svg", "dot", "mermaid", "tikz")
BINARIES = ("png", "pdf")
# Formats that another program places.
GRAPHS = ("dot", "mermaid")
FORMATS = (*TEXTS, *BINARIES)
# The suffixes of files by format, beside its own name.
SUFFIXES = {"gv": "dot", "mmd": "mermaid", "tex": "tikz"}
# Quantities that colors can show: those that sum over blocks.
HEATS = (*SUMS, *IN_TRAINING)


class DrawingView(Record):
    """The options of a drawing; `depth` 0 opens blocks while few boxes are shown."""

    depth: int = 0
    heat: str = ""
    theme: str = THEMES[0]
    direction: str = DIRECTIONS[0]
    style: str = STYLES[0]
    batch: int = 1
    dtype: str = "float32"
    language: str = "en"

    @property
    def rightward(self) -> bool:
        return self.direction == "right"

    @property
    def is_dark(self) -> bool:
        """Whether formats without a choice of their own are dark."""
        return self.theme == "dark"
