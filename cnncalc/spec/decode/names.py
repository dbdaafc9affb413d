"""Names that a spec gives to its values, inputs and layers."""

from __future__ import annotations

import re

from cnncalc.errors import Span, quoted
from cnncalc.limits import Problems
from cnncalc.spec.records import RESERVED
from cnncalc.spec.templates import TENSOR_NAMES
from cnncalc.syntax.expressions import CONSTANTS, WORDS
from cnncalc.syntax.source import Scalar


def check_value_name(word: str, span: Span, what: str, problems: Problems) -> bool:
    """Whether expressions can use a word as a name; reports why not."""
    message = f"{quoted(word)} cannot be the name of {what}"
    if not re.fullmatch(r"[^\W\d]\w*", word):
        hint = "names are of letters, digits and _, and begin with no digit"
        if default := re.fullmatch(r"(\w{1,50})\s*:\s*(\w{1,50})", word):
            hint = f"write a default as {default.group(1)}={default.group(2)}"
    elif word in WORDS or word in CONSTANTS:
        hint = "expressions use that word"
    elif word in TENSOR_NAMES:
        hint = "it is that of the incoming tensor"
    else:
        return True
    problems.report(span, message, hint)
    return False


def check_input_name(key: Scalar, problems: Problems) -> bool:
    """Whether a key can be the name of an input; reports why not."""
    if key.text in RESERVED:
        problems.report(key.span, f"{key.text!r} is a reserved name", "give the input a name of its own")
        return False
    return check_value_name(key.text, key.span, "an input", problems)
