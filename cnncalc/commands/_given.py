from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from cnncalc.commands import _options
from cnncalc.commands._progress import progress
from cnncalc.errors import Problem, SpecError, did_you_mean, listed, quoted

if TYPE_CHECKING:
    from cnncalc.spec.records import Spec

Made = TypeVar("Made")


class GivenSpecs:
    """The given specs and their overrides: of several specs, --set applies to those that have the variable.

    `applied` has the settings of each SPEC that was read, and `notes` list overrides that do not apply.
    """

    def __init__(
        self, specs: tuple[str, ...], settings: tuple[tuple[str, str], ...], inputs: tuple[tuple[str, str], ...]
    ) -> None:
        self.specs = specs
        self.settings = settings
        self.inputs = inputs
        self.notes: list[tuple[str, str]] = []
        self.applied: dict[str, tuple[tuple[str, str], ...]] = {}
        self.variables: dict[str, frozenset[str]] = {}

    def made(self, make: Callable[[str, Spec], Made]) -> dict[str, Made]:
        """The result of `make` for each SPEC and its spec. Writes the problems of all and ends with status 2."""
        from cnncalc.spec.decode import decode
        from cnncalc.spec.locate import chain_of, locate

        problems: list[Problem] = []
        made: dict[str, Made] = {}
        references = list(dict.fromkeys(self.specs))
        with progress(references, "reading") as each:
            for reference in each:
                try:
                    chain = chain_of(locate(reference), self.inputs)
                    settings = self.settings
                    if settings and len(references) > 1:
                        self.variables[reference] = frozenset(decode(chain).variables)
                        settings = tuple(one for one in settings if one[0] in self.variables[reference])
                    self.applied[reference] = settings
                    made[reference] = make(reference, decode(chain, settings, self.inputs))
                except SpecError as error:
                    problems += error.problems
        problems += self.unknown()
        if problems:
            _options.fail(SpecError(dict.fromkeys(problems)))
        return made

    def unknown(self) -> Iterator[Problem]:
        """Problems of variables that no network has; those that only some have are noted."""
        known = list(dict.fromkeys(name for variables in self.variables.values() for name in sorted(variables)))
        for name in dict.fromkeys(name for name, _ in self.settings) if self.variables else ():
            without = [reference for reference, variables in self.variables.items() if name not in variables]
            if len(without) == len(self.variables):
                hint = did_you_mean(name, known, f"the variables are {', '.join(known)}" if known else "")
                yield Problem(None, f"--set {name}: no network has a variable {quoted(name)}", hint)
            elif without:
                self.notes.append(("", f"--set {name} does not change {listed(without)}: no such variable"))
