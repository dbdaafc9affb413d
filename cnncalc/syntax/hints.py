"""Guesses the meaning of text that is not an expression. Imported only for messages."""

from __future__ import annotations

import re

from cnncalc.errors import LONGEST_QUOTE, ascii_lookalike, quoted

# Suffixes of numbers: GMac, MFLOPs, million.
UNITS = "([kmgt])(?:macs?|flops?|madds?|ops?|params?|parameters)?"
SUFFIX_OF = {"thousand": "k", "million": "M", "mio": "M", "billion": "G", "b": "G", "bn": "G", "trillion": "T"}
INSTEAD = {
    "=": "write == to compare",
    "^": "write ** for a power",
    "&&": "write and",
    "||": "write or",
    "!": "write not, or != to compare",
    "&": "write and",
    "|": "write or",
    "×": "write *",
    "·": "write *",
    "÷": "write /",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "−": "write -",
    "{": "write names without braces, and lists in [ ]",
    "$": "write only the name",
}


def explain_token(rest: str) -> tuple[str, str]:
    """The beginning of `rest` that is not a token, and a hint."""
    match = re.match(r"[\w.]+|&&|\|\||.", rest, re.DOTALL)
    wrong = match.group() if match else rest
    hint = INSTEAD.get(wrong, "")
    if wrong in ("'", '"'):
        hint = f"close the text with {wrong}"
    elif re.fullmatch(r"[1-9][0-9]*(x[0-9]+)+", wrong):
        hint = f"write [{wrong.replace('x', ', ')}]"
    elif amount := re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?)([^\W\d]+)", wrong):
        hint = _write_amount(*amount.groups()) or f"write {amount.group(1)} * {amount.group(2)} for a product"
    elif re.fullmatch(r"\.[^\W\d]\w*", wrong):
        hint = "write names without dots"
    elif sign := ascii_lookalike(wrong[0]):
        return wrong[0], hint or f"write {quoted(sign)}"
    return wrong, hint


def explain_rest(text: str, number: str, word: str) -> str:
    """A hint for a text whose expression ends before `word`, after `number` if one is given."""
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text):
        return f"write {text.replace(',', '_')}"
    if re.fullmatch(r"0,[0-9]+", text):
        return f"write {text.replace(',', '.')}"
    if word == ",":
        return f"write [{text}]" if text.isprintable() and len(text) <= LONGEST_QUOTE else "write a list in [ ]"
    if number and re.match("[0-9.]", word):
        return f"write a comma between {number} and {word}"
    return _write_amount(number, word) if number else ""


def _write_amount(number: str, unit: str) -> str:
    """How to write a number that is followed by a unit or a word: 1GMac is 1G, 5 million is 5M."""
    if suffix := SUFFIX_OF.get(unit.lower()):
        return f"write {number}{suffix}"
    if number[-1].isdigit() and (match := re.fullmatch(UNITS, unit, re.IGNORECASE)):
        suffix = match.group(1)
        return f"write {number}{suffix if suffix == 'k' else suffix.upper()}"
    return f"write {number}" if re.fullmatch(UNITS.replace("([kmgt])", ""), unit, re.IGNORECASE) else ""
