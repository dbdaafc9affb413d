"""One test for many cases: a loop that goes on after a failure and names every case that fails.

Thousands of tests of a line each spend most of their time on being tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cnncalc import bundled

Thing = TypeVar("Thing")


def bases_and_variants() -> list[Any]:
    """The names of the bundled networks; those that only vary another one are for the long run."""
    folder = Path(bundled.folder())
    texts = {name: (folder / f"{name}.yaml").read_text(encoding="utf-8") for name in bundled.names()}
    return [
        name if re.search(r"^layers:", text, re.MULTILINE) else pytest.param(name, marks=pytest.mark.long)
        for name, text in texts.items()
    ]


def every(cases: Mapping[str, Any]) -> Callable[[Thing], Thing]:
    """Decorate `test_...(case)`, or a class with such methods, to run for all of the named cases."""

    def decorate(thing: Any) -> Any:
        if isinstance(thing, type):
            for name, method in list(vars(thing).items()):
                if name.startswith("test_"):
                    setattr(thing, name, _looped(method, cases, is_method=True))
            return thing
        return _looped(thing, cases, is_method=False)

    return decorate


def _looped(check: Callable[..., None], cases: Mapping[str, Any], *, is_method: bool) -> Callable[..., None]:
    def run(*owner: Any) -> None:
        failures = []
        for name, case in cases.items():
            try:
                check(*owner, case)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong is reported with its case
                failures.append(f"{name}: {type(error).__name__}: {error}")
        assert not failures, "\n\n".join([f"{len(failures)} of {len(cases)} cases fail", *failures])

    # No `functools.wraps`: pytest would ask for the parameters of what is wrapped.
    if is_method:

        def test(self: Any) -> None:
            run(self)
    else:

        def test() -> None:  # type: ignore[misc]
            run()

    test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
    return test
