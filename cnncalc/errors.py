"""Problems of a spec as values: location, message and hint."""

from __future__ import annotations

from collections.abc import Iterable

from cnncalc.record import Record, short_value

LONGEST_QUOTE = 60
EQUALLY_NEAR = 0.1
# The most words that are compared to find a close one: two words of fifty letters take up to a millisecond.
LONGEST_GUESSED = 50
MOST_GUESSED = 2_000
MOST_COMPARED = 200
MOST_WEIGHED = 6
# The most words that a sentence lists, and the number listed if there are more.
MOST_LISTED = 30
FIRST_LISTED = 12


class Span(Record):
    """A place in a file; line and column count from 1, columns in characters.

    In a binary file both are 0, and `node` names the operator.
    """

    file: str
    line: int
    column: int
    node: str = ""

    def within(self, text_column: int | None, offset: int) -> Span:
        """The place of a character in the text that begins in `text_column`; this place if the column is unknown."""
        return self if text_column is None else self._replace(column=text_column + offset)

    def __str__(self) -> str:
        if self.line:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.file}: node {quoted(self.node)}" if self.node else self.file


class Problem(Record):
    """A problem: its place, a message and a hint how to fix it.

    `span` is None if the problem has no line, such as a missing file.
    """

    span: Span | None
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        return f"{place}{sentence(self.message, self.hint)}"


def of_option(problem: Problem) -> Problem:
    """A problem of a command's option, which names the option in its message instead of a line."""
    if problem.span is None or problem.span.line or problem.span.node:
        return problem
    return Problem(None, f"{problem.span.file}: {problem.message}", problem.hint)


class SpecError(Exception):
    """A spec is invalid; carries all of its problems in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __repr__(self) -> str:
        """The number of problems and the first one: there may be hundreds."""
        first = f": {short_value(str(self.problems[0]))}" if self.problems else ""
        return f"<{type(self).__name__} of {plural(len(self.problems), 'problem')}{first}>"

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Problem, ...]]]:
        """Copy and pickle the problems; by default, an exception is copied from its text."""
        return type(self), (self.problems,)


class RuleError(Exception):
    """A layer's settings do not fit its inputs.

    The layer knows no file: it names the `setting` that is wrong (None for the whole layer),
    and the builder adds the location. `hint` tells how to fix it.
    """

    def __init__(self, message: str, setting: str | None = None, hint: str = "") -> None:
        super().__init__(sentence(message, hint))
        self.message = message
        self.setting = setting
        self.hint = hint


def sentence(message: str, hint: str) -> str:
    """A message followed by its hint."""
    return f"{message}; {hint}" if hint else message


def quoted(text: str) -> str:
    """Text of a user for a message: in quotes, with invisible characters escaped, and shortened if long."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 3]}...")


# Characters that look like those of YAML and expressions; full-width ones are found by decomposition.
LOOKALIKES = {
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
    "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2022": "-",
    "\u3001": ",", "\u3010": "[", "\u3011": "]",
}  # fmt: skip


def ascii_lookalike(character: str) -> str:
    """The ASCII sign or digit that a character looks like, such as ':' for a full-width colon; else empty."""
    if character.isascii():
        return ""
    from unicodedata import normalize

    sign = LOOKALIKES.get(character) or normalize("NFKC", character)
    return sign if len(sign) == 1 and sign.isascii() and not sign.isalpha() else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "", cutoff: float = 0.6) -> str:
    """A hint with the known word closest to `word`, or two that are equally close; else `otherwise`."""
    near = nearest(word, known, cutoff)
    return f"did you mean {' or '.join(map(quoted, near))}?" if near else otherwise


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """The known word closest to `word`, or two that are equally close; empty if none is close.

    Of very many words, only the likely ones are compared, so that the time for a file full of mistakes stays
    bounded.
    """
    from difflib import SequenceMatcher
    from itertools import islice

    wanted = word.lower()
    if len(wanted) > LONGEST_GUESSED:
        return []
    by_lowercase = {name.lower(): name for name in islice(known, MOST_GUESSED) if len(name) <= LONGEST_GUESSED}
    # Words that differ only in case and punctuation come first: mobilenetv2 is mobilenet_v2.
    signs = str.maketrans("", "", "_- .")
    if same := [name for name in by_lowercase if name.translate(signs) == wanted.translate(signs)]:
        return [by_lowercase[name] for name in same[:2]]
    matcher = SequenceMatcher(None, "", wanted)
    likely = []
    for name in _alike(wanted, by_lowercase):
        matcher.set_seq1(name)
        if matcher.real_quick_ratio() >= cutoff and (bound := matcher.quick_ratio()) >= cutoff:
            likely.append((bound, name))
    near = []
    for _, name in sorted(likely, reverse=True)[:MOST_WEIGHED]:
        matcher.set_seq1(name)
        if (ratio := matcher.ratio()) >= cutoff:
            near.append((ratio, name))
    near = sorted(near, reverse=True)[:2]
    # Only equally close words are returned.
    return [by_lowercase[name] for ratio, name in near if ratio > near[0][0] - EQUALLY_NEAR]


def _alike(word: str, names: Iterable[str]) -> list[str]:
    """The names with the same letters as a word, among very many."""
    found = list(names)
    if len(found) <= MOST_COMPARED:
        return found
    letters = set(word)
    return sorted(found, key=lambda name: len(letters.symmetric_difference(name)))[:MOST_COMPARED]


def listed(words: Iterable[object], last: str = "and") -> str:
    """Words as a list in a sentence: a, b and c; of very many, the first ones: a, b, c and 97 more."""
    shown = [str(word) for word in words]
    if len(shown) > MOST_LISTED:
        return f"{', '.join(shown[:FIRST_LISTED])} and {len(shown) - FIRST_LISTED:,} more"
    *first, end = shown
    return f"{', '.join(first)} {last} {end}" if first else end


def enumerated(words: Iterable[str]) -> str:
    """Words separated by commas: a, b, c; of very many, the first ones: a, b, c, ... and 97 more."""
    shown = list(words)
    if len(shown) > MOST_LISTED:
        return f"{', '.join(shown[:FIRST_LISTED])}, ... and {len(shown) - FIRST_LISTED:,} more"
    return ", ".join(shown)


def plural(count: int, noun: str) -> str:
    """A number with its noun: `1 number`, `2 numbers`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
