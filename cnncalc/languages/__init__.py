"""The sentences of the worked reports, in English and in Chinese: one catalogue, a file a report.

A sentence has a key, and a text in each language with {placeholders} for what is already written
out. `{count:one channel|# channels}` is the first where the count is 1, else the second, with the count in
place of #. `say` finds it; no report holds prose of these reports.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from string import Formatter
from typing import Any, NamedTuple

LANGUAGES = ("en", "zh")


class Sentence(NamedTuple):
    """One sentence in every language."""

    en: str
    zh: str


@cache
def catalogue(report: str) -> dict[str, Sentence]:
    """The sentences of a report, such as `field`."""
    sentences: dict[str, Sentence] = import_module(f"{__name__}.{report}").SENTENCES
    return sentences


def reports() -> tuple[str, ...]:
    """The reports that have sentences."""
    return tuple(module.name for module in iter_modules(__path__))


class _Numerus(Formatter):
    """Fills in placeholders, and chooses between the words for one and those for several."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec:
            return str(value)
        one, _, several = format_spec.partition("|")
        return (one if str(value) == "1" else several).replace("#", str(value))


_FORMATTER = _Numerus()


class Speaker:
    """Says the sentences of some reports in one language."""

    def __init__(self, language: str, *names: str) -> None:
        self.language = language
        self.sentences = {key: one for name in ("common", *names) for key, one in catalogue(name).items()}

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of a key with its placeholders filled in."""
        text: str = getattr(self.sentences[key], self.language)
        return _FORMATTER.vformat(text, (), values)
