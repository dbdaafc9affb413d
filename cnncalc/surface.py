"""Names of options in messages: arguments of Python calls, or options of the command line.

Messages are written where errors are raised, far from the caller, so the current surface is a context variable,
separate for each thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cnncalc.errors import quoted

_COMMAND_LINE: ContextVar[bool] = ContextVar("command_line", default=False)


@contextmanager
def command_line() -> Iterator[None]:
    """Use the names of the command line during a block of code."""
    token = _COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _COMMAND_LINE.reset(token)


def is_command_line() -> bool:
    """Whether the names of the command line are used."""
    return _COMMAND_LINE.get()


def variable(name: str, text: str | None = None) -> str:
    """An overridden variable, with its value if that is the place of a problem."""
    if _COMMAND_LINE.get():
        return f"--set {name}" if text is None else f"--set {name}={text}"
    return f"variables[{quoted(name)}]"


def input_shape(name: str, text: str) -> str:
    """An overridden input; `name` is empty for a single input."""
    if _COMMAND_LINE.get():
        return f"--input {name}={text}" if name else f"--input {text}"
    return f"input[{quoted(name)}]" if name else "input"


def new_input_shape(name: str, text: str) -> str:
    """How to override an input by name, or the single input, with sizes such as 3x224x224."""
    if _COMMAND_LINE.get():
        return f"--input {name}={text}" if name else f"--input {text}"
    return f"input={{{quoted(name)}: {sizes(text)}}}" if name else f"input={sizes(text)}"


def sizes(text: str) -> str:
    """The notation of a shape such as 3x224x224."""
    return text if _COMMAND_LINE.get() else f"[{text.replace('x', ', ')}]"


def limit(key: str) -> str:
    """How to raise a limit."""
    if _COMMAND_LINE.get():
        return f"raise the limit with `--limit {key}=N`"
    return f"raise the limit with `using(Limits({key}=N))` of cnncalc.limits"


def outside() -> str:
    """The option that allows files in other folders."""
    return "--allow-outside" if _COMMAND_LINE.get() else "`using(Limits(outside=True))` of cnncalc.limits"


def increase() -> str:
    """The option that limits an increase over a baseline."""
    in_spec = "max_increase in a budget"
    return f"--max-increase params=2%, or {in_spec}" if _COMMAND_LINE.get() else in_spec


def broken_baseline() -> str:
    """The option that accepts a broken baseline, as the end of a sentence; empty in Python, which has none."""
    return ", or pass --allow-broken-baseline" if _COMMAND_LINE.get() else ""


def advice(words: str) -> str:
    """Advice about options of a command, as the end of a sentence; empty in Python."""
    return f"; {words}" if _COMMAND_LINE.get() else ""


def varied(name: str) -> str:
    """A variable that a sweep varies."""
    return f"--vary {name}" if _COMMAND_LINE.get() else f"vary[{quoted(name)}]"


def option(key: str) -> str:
    """An option with the same name as the argument in Python."""
    return f"--{key}" if _COMMAND_LINE.get() else key
