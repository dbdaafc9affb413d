"""Overrides: new settings for layers, new arguments for blocks, new variables for networks, each by its full name.

Loaded only for a spec that has some.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from cnncalc.errors import Problem, did_you_mean, listed, quoted
from cnncalc.network.build.draft import CANNOT_BUILD, Draft, report
from cnncalc.network.build.scope import NetworkScope
from cnncalc.spec.records import BlockCall, JoinCall, LayerCall, NetworkCall, Override
from cnncalc.spec.templates import Constant, Template
from cnncalc.syntax.expressions import UNKNOWN
from cnncalc.syntax.patterns import WITHOUT_DOT, named

Call: TypeAlias = LayerCall | BlockCall | NetworkCall | JoinCall


class OverrideTable:
    """The overrides of one network. Their values depend on its variables alone.

    `prefix` is the beginning of the full names of its layers, which the names in its file lack.
    """

    def __init__(self, draft: Draft, network: NetworkScope, prefix: str) -> None:
        self.draft = draft
        self.prefix = prefix
        self.problems: list[Problem] = []
        self.values: list[dict[str, Constant]] = []
        self.exact: dict[str, list[int]] = {}
        self.patterns: list[int] = []
        self.overrides = network.spec.overrides
        self.unused = set(range(len(self.overrides)))
        self.wrong: set[tuple[int, str]] = set()
        self.merged: dict[tuple[int, tuple[int, ...]], Call] = {}
        for number, override in enumerate(self.overrides):
            self.values.append(dict(self._evaluate(override, network)))
            if WITHOUT_DOT in override.pattern:
                self.patterns.append(number)
            else:
                self.exact.setdefault(override.pattern, []).append(number)

    def _evaluate(self, override: Override, network: NetworkScope) -> Iterator[tuple[str, Constant]]:
        """The values of an override; UNKNOWN for those that cannot be computed."""
        for name, (_, template) in override.settings.items():
            value = UNKNOWN
            try:
                value = template.evaluate(network.variables)
            except CANNOT_BUILD as error:
                report(error, self.problems)
            yield name, Constant(value, template.span)

    def apply(self, call: Call, path: str, names: Collection[str]) -> Call:
        """The call of the item at a path, with the settings that overrides give it; `names` are those that it takes."""
        path = path[len(self.prefix) :]
        fitting = list(self.exact.get(path, ()))
        fitting += (number for number in self.patterns if any(named([path], self.overrides[number].pattern)))
        if not fitting:
            return call
        fitting.sort()
        self.unused.difference_update(fitting)
        key = id(call), tuple(fitting)
        known = self.merged.get(key)
        if known is None:
            changes: dict[str, Template] = {}
            for number in fitting:
                for name, value in self.values[number].items():
                    if name in names:
                        changes[name] = value
                    else:
                        self._report_wrong(number, name, path, call, names)
            known = self.merged[key] = _with_arguments(call, changes)
        return known

    def _report_wrong(self, number: int, name: str, path: str, call: Call, names: Iterable[str]) -> None:
        """Report a setting that an item does not have, once for each override."""
        if (number, name) in self.wrong:
            return
        self.wrong.add((number, name))
        span, _ = self.overrides[number].settings[name]
        type_name, noun = describe(call)
        known = list(names)
        hint = did_you_mean(name, known, f"it has {listed(known)}" if known else "it has none")
        self.problems.append(Problem(span, f"{path}: {type_name} has no {noun} {quoted(name)}", hint))

    def find_problems(self) -> list[Problem]:
        """What is wrong with the overrides; that no item fits one only if nothing else is wrong."""
        if self.draft.is_sound and not self.problems:
            self._report_unused()
        return self.problems

    def _report_unused(self) -> None:
        """Report overrides that no item fits."""
        prefix = self.prefix
        groups = {group.name for group in self.draft.groups}
        full = (*(layer.name for layer in self.draft.layers), *groups)
        names = [name.removeprefix(prefix) for name in full if name.startswith(prefix)] if self.unused else []
        for number in sorted(self.unused):
            pattern, _, span = self.overrides[number]
            if WITHOUT_DOT in pattern:
                problem = Problem(span, f"override: no layer or block fits the pattern {quoted(pattern)}")
            elif f"{prefix}{pattern}" in groups:
                message = f"override: {quoted(pattern)} is no layer and no block"
                inside = next((name for name in names if name.startswith(f"{pattern}.")), f"{pattern}.*")
                problem = Problem(span, message, f"name what is in it, such as {inside}")
            else:
                hint = did_you_mean(pattern, names, "write the full name, as `cnncalc summary --format csv` shows it")
                problem = Problem(span, f"override: no layer or block is called {quoted(pattern)}", hint)
            self.problems.append(problem)


def describe(call: Call) -> tuple[str, str]:
    """What a call is of, and the noun for what it takes."""
    if isinstance(call, JoinCall):
        call = call.call
    if isinstance(call, LayerCall):
        return call.type.name, "setting"
    if isinstance(call, BlockCall):
        return f"the block {call.block!r}", "parameter"
    return "its network", "variable"


def _with_arguments(call: Call, changes: dict[str, Template]) -> Call:
    """A call with other arguments."""
    if isinstance(call, JoinCall):
        layer = call.call._replace(arguments={**call.call.arguments, **changes}, ready=None)
        return call._replace(call=layer)
    merged = call._replace(arguments={**call.arguments, **changes})
    return merged._replace(ready=None) if isinstance(merged, LayerCall) else merged
