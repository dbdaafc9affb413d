"""How messages name an option: as a call from Python takes it or, where the program runs, as the command line does.

A message is worded where it is raised, far below whoever was called: so the surface in use is a context
variable, and each thread has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cnncalc.errors import quoted

_COMMAND_LINE: ContextVar[bool] = ContextVar("command_line", default=False)


@contextmanager
def command_line() -> Iterator[None]:
    """Name options as the command line takes them, during a block of code."""
    token = _COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _COMMAND_LINE.reset(token)


def variable(name: str, text: str | None = None) -> str:
    """The changed variable, with its value where that is the place of a problem."""
    if _COMMAND_LINE.get():
        return f"--set {name}" if text is None else f"--set {name}={text}"
    return f"variables[{quoted(name)}]"


def input_shape(name: str, text: str) -> str:
    """The changed input; `name` is empty where it has none."""
    if _COMMAND_LINE.get():
        return f"--input {name}={text}" if name else f"--input {text}"
    return f"input[{quoted(name)}]" if name else "input"


def new_input_shape(name: str, text: str) -> str:
    """How to change the input of a name, or the one without, to the sizes of a text, such as 3x224x224."""
    if _COMMAND_LINE.get():
        return f"--input {name}={text}" if name else f"--input {text}"
    return f"input={{{quoted(name)}: {sizes(text)}}}" if name else f"input={sizes(text)}"


def sizes(text: str) -> str:
    """The sizes of a shape, such as 3x224x224, as they are passed."""
    return text if _COMMAND_LINE.get() else f"[{text.replace('x', ', ')}]"


def limit(key: str) -> str:
    """What raises a limit."""
    if _COMMAND_LINE.get():
        return f"`--limit {key}=N` raises the limit"
    return f"`with using(Limits({key}=N)):` of cnncalc.limits raises the limit"


def outside() -> str:
    """What allows files of other folders."""
    return "--allow-outside" if _COMMAND_LINE.get() else "`with using(Limits(outside=True)):` of cnncalc.limits"


def increase() -> str:
    """What limits an increase over a baseline."""
    in_spec = "max_increase in a budget"
    return f"--max-increase params=2%, or {in_spec}," if _COMMAND_LINE.get() else in_spec


def broken_baseline() -> str:
    """What accepts a baseline that cannot be used, to end a sentence with; nothing in Python does."""
    return ", or pass --allow-broken-baseline" if _COMMAND_LINE.get() else ""


def advice(words: str) -> str:
    """Advice about the options of a command, to end a sentence with; there is none in Python."""
    return f"; {words}" if _COMMAND_LINE.get() else ""
