"""The sentences of the worked reports, in English and in Chinese: one catalogue, a file a report.

A sentence has a key, and a text in each language with {placeholders} for what is already written
out. `say` finds it; no report holds prose of these reports.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

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


class Speaker:
    """Says the sentences of some reports in one language."""

    def __init__(self, language: str, *names: str) -> None:
        self.language = language
        self.sentences = {key: one for name in ("common", *names) for key, one in catalogue(name).items()}

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of a key with its placeholders filled in."""
        text: str = getattr(self.sentences[key], self.language)
        return text.format(**values)
