"""Completion of words in comma-separated lists, keys of KEY=VALUE, and names in the SPEC on the command line.

Completers return quickly for any command line, possibly without words; _shells passes on only safe words.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from cnncalc import bundled, interchange

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from cnncalc.limits import Limits
    from cnncalc.spec.records import Spec

# The most completions.
MOST_WORDS = 1_000
MOST_FILES = 5_000
CONFIGURATION = "cnncalc.yaml"


def words(known: Iterable[str], incomplete: str, before: str = "") -> list[CompletionItem]:
    """The words that begin like the incomplete one, each prefixed with `before`."""
    from click.shell_completion import CompletionItem

    begun = (word for word in known if word.startswith(incomplete))
    return [CompletionItem(f"{before}{word}") for word in islice(begun, MOST_WORDS)]


def in_list(known: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Words for the last place of a comma-separated list, without words that are already in it."""
    before, comma, last = incomplete.rpartition(",")
    chosen = before.split(",")
    return words((word for word in known if word not in chosen), last, f"{before}{comma}")


def keys(known: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Keys of KEY=VALUE, with the equals sign."""
    return words((f"{key}=" for key in known), incomplete)


def quantities(known: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Quantities of QUANTITY=N, alone or after a layer's name and a dot."""
    path, dot, last = incomplete.rpartition(".")
    return words((f"{key}=" for key in known), last, f"{path}{dot}")


def limited(_context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The quantities that a budget may limit."""
    from cnncalc.spec.guards import LIMITED

    return quantities(LIMITED, incomplete)


def expected(_context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The quantities that can be expected of a network."""
    from cnncalc.spec.quantities import QUANTITIES

    return quantities(QUANTITIES, incomplete)


def rules() -> list[str]:
    """The codes of all rules, then their names."""
    from cnncalc.checks.rules import all_rules

    return [*(rule.code for rule in all_rules()), *(rule.name for rule in all_rules())]


def rule(_context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return words(rules(), incomplete)


def specs(incomplete: str) -> list[CompletionItem]:
    """Files and folders that may contain specs, then bundled networks; if there are none, completion by the shell."""
    from click.shell_completion import CompletionItem

    found = [*words(_files(incomplete), incomplete), *words(bundled.names(), incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def _files(incomplete: str) -> list[str]:
    """The YAML files in a folder, those of other programs that can be read, and its subfolders with a slash."""
    suffixes = (".yaml", ".yml", *interchange.READERS)
    folder, start = os.path.split(incomplete)
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:
            found = [
                os.path.join(folder, f"{entry.name}/" if entry.is_dir() else entry.name)
                for entry in islice(entries, MOST_FILES)
                if entry.name.startswith(start) and (start or not entry.name.startswith("."))
                if entry.is_dir() or (entry.name.endswith(suffixes) and entry.name != CONFIGURATION)
            ]
    except (OSError, ValueError):
        return []
    return sorted(found)


def given_specs(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The specs that are already on the line."""
    return words(_references(_values(context)), incomplete)


def variables(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The variables of the specs on the line."""
    names = {name: None for spec in _specs(context) for name in spec.variables}
    return keys(names, incomplete)


def layers(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The layers of the spec on the line."""
    return _layers(context, incomplete, blocks=False)


def layers_and_blocks(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The layers and blocks of the spec on the line."""
    return _layers(context, incomplete, blocks=True)


def _layers(context: click.Context, incomplete: str, *, blocks: bool) -> list[CompletionItem]:
    from cnncalc import limits
    from cnncalc.errors import SpecError
    from cnncalc.network import build

    names: list[str] = []
    for spec in _specs(context)[:1]:
        try:
            with limits.using(_bounds()):
                network = build.build(spec)
        except SpecError:
            return []
        names = [group.name for group in network.groups] if blocks else []
        names += [layer.name for layer in network.layers]
    return words(dict.fromkeys(names), incomplete)


def _values(context: click.Context) -> dict[str, Any]:
    """The values on the line, without an incomplete option, which prevents click from reading arguments."""
    name, *given = context.obj or [""]
    if not given or not given[-1].startswith("-"):
        return context.params
    with context.command.make_context(name, given[:-1], parent=context.parent, resilient_parsing=True) as whole:
        return whole.params


def _references(given: dict[str, Any]) -> list[str]:
    """The specs on the line, as given."""
    values = [given.get(name) for name in ("spec", "specs", "old", "new")]
    found = [[value] if isinstance(value, str) else value for value in values if isinstance(value, str | tuple)]
    return [reference for each in found for reference in each if isinstance(reference, str)]


def _specs(context: click.Context) -> list[Spec]:
    """The valid specs on the line that are files or bundled networks.

    Standard input and pipes could wait forever, and git needs a process, so these are skipped.
    """
    from cnncalc import limits
    from cnncalc.errors import SpecError
    from cnncalc.spec.decode import read_spec

    given = _values(context)
    settings, inputs = given.get("settings") or (), given.get("inputs") or ()
    found = []
    with limits.using(_bounds()):
        for reference in _references(given)[:2]:
            if bundled.path(reference) or (reference != "-" and os.path.isfile(reference)):
                try:
                    found.append(read_spec(reference, settings, inputs))
                except SpecError:
                    continue
    return found


def _bounds() -> Limits:
    """The limits of specs during completion: a tenth of those of commands."""
    from cnncalc.limits import Limits

    return Limits(bytes=1_000_000, values=10_000, layers=5_000, work=300_000)
