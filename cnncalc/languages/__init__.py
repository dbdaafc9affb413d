"""The sentences of the reports, one file per language.

Each file has `SENTENCES`: report -> key -> text, with {placeholders} for values that are already formatted.
`{count:one channel|# channels}` is the first form where the count is 1, otherwise the second, with the count in place
of #. English has every sentence; another language shows English where it lacks one. Only the files that are needed
are loaded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from string import Formatter
from typing import Any

from cnncalc.text import several

# The language of the fallback, and the default.
ENGLISH = "en"


def _list_languages() -> tuple[str, ...]:
    """The names of the files in this folder, English first."""
    names = {name[:-3] for name in os.listdir(os.path.dirname(__file__)) if name.endswith(".py") and name[0] != "_"}
    return (ENGLISH, *sorted(names - {ENGLISH}))


LANGUAGES = _list_languages()


@cache
def load_sentences(language: str) -> Mapping[str, Mapping[str, str]]:
    """The sentences of a language: report -> key -> text."""
    sentences: Mapping[str, Mapping[str, str]] = import_module(f"{__name__}.{language}").SENTENCES
    return sentences


class _CountFormatter(Formatter):
    """Fills in placeholders, and chooses between the words for one and those for several."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec:
            return str(value)
        one, _, many = format_spec.partition("|")
        return (one if str(value) == "1" else many).replace("#", str(value))


_FORMATTER = _CountFormatter()


class Speaker:
    """The sentences of some reports in one language, and in English where that language lacks one."""

    def __init__(self, language: str, *reports: str) -> None:
        self.language = language
        self.sentences: dict[str, str] = {}
        for one in dict.fromkeys((ENGLISH, language)):
            for report in ("common", *reports):
                self.sentences |= load_sentences(one).get(report, {})

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of a key with its placeholders filled in."""
        return _FORMATTER.vformat(self.sentences[key], (), values)

    def __contains__(self, key: str) -> bool:
        return key in self.sentences

    def row(self, words: Sequence[str]) -> str:
        """Names or numbers in a row; of a long row the first ones and their count."""
        return several(words, self("comma"), self.sentences["row_cut"])

    def join(self, words: Sequence[str]) -> str:
        """Names or numbers with "and" before the last."""
        if len(words) < 2:
            return "".join(words)
        # Chinese has spaces around names and numbers, but not between its own words.
        key = "and_names" if (words[-2][-1:] + words[-1][:1]).isascii() else "and"
        return self(key, first=self("comma").join(words[:-1]), second=words[-1])
