"""Source code for PyTorch: one `nn.Module` a block, with its arguments, its loops and its names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from cnncalc.errors import SpecError
from cnncalc.exporters import ExportedNetwork
from cnncalc.exporters.pytorch.modules import ModuleFile
from cnncalc.exporters.pytorch.program import TracedProgram
from cnncalc.spec.records import Spec
from cnncalc.spec.templates import Constant
from cnncalc.syntax.expressions import Value

# Larger networks are written once, with constants for their variables.
MOST_LAYERS = 2_000


def export(source: ExportedNetwork) -> Iterator[str]:
    """The lines of a Python file. Raises SpecError for a layer that PyTorch does not have.

    Variables of the spec are arguments of the network's class, unless other values would need other code.
    """
    spec = source.spec
    program = TracedProgram(spec)
    file = ModuleFile(program)
    fixed = frozenset(file.root_arguments)
    if len(program.network.layers) <= MOST_LAYERS:
        code = file.code()
        fixed = frozenset(name for name in fixed if not _is_free(spec, name, file.root_arguments[name], code))
    return (ModuleFile(program, fixed) if fixed else file).lines()


def _is_free(spec: Spec, name: str, value: Value, code: list[str]) -> bool:
    """Whether the code of a network is the same for another value of a variable."""
    template = spec.variables[name]
    for change in (_double, _increase):
        other = _changed(value, change)
        try:
            changed = spec._replace(variables={**spec.variables, name: Constant(other, template.span)})
            return ModuleFile(TracedProgram(changed)).code() == code
        except SpecError:
            continue
    return False


def _double(value: int | Fraction) -> int | Fraction:
    """The double, which all that divided a value still divides."""
    return 2 * value if value else 1


def _increase(value: int | Fraction) -> int | Fraction:
    return value + 1


def _changed(value: Value, change: Callable[[int | Fraction], int | Fraction]) -> Value:
    """Another value of the same kind."""
    if isinstance(value, tuple):
        return tuple(_changed(item, change) for item in value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Fraction):
        return change(value)
    return value
