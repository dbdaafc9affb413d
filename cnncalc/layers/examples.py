"""How a layer is written in a spec: examples that can be placed, made from its declarations."""

from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import Value, describe, fraction
from cnncalc.syntax.settings import Flag, Setting

# What a setting of that name is in an example; one of another name takes the first that fits it.
PLAUSIBLE: dict[str, Value] = {
    "filters": 64,
    "kernel": 3,
    "stride": 2,
    "features": 1000,
    "units": 10,
    "size": 7,
    "groups": 4,
    "pieces": 2,
    "stop": 24,
    "axis": 1,
    "output": (64, 28, 28),
    "shape": (256, 7, 7),
    "axes": (1, 0),
    "params": 1000,
    "macs": 1_000_000,
    "op": "mean",
    "equation": "hdn, hdm -> hnm",
    "function": "x * sigmoid(1.702 * x)",
}
CANDIDATES: tuple[Value, ...] = (fraction("0.2"), 2, 1, (2, 1), ((0, 1), (1, 2)))
# An example is one that can be placed on one of these.
SAMPLE_INPUTS = (Shape((64, 14, 14)), Shape((64,)), Shape((64, 14)))


def literal(value: Value) -> str:
    """A value as a spec writes it; a text that braces would break is quoted."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, str):
        return value if value.isidentifier() else f'"{value}"'
    return describe(value)


def plausible(setting: Setting) -> Value:
    """A value that the setting takes, other than its default."""
    given = (PLAUSIBLE[setting.name],) if setting.name in PLAUSIBLE else ()
    flipped = (not setting.default,) if isinstance(setting, Flag) else ()
    candidates: tuple[Value, ...] = (*flipped, *setting.keywords, *given, *CANDIDATES)
    for value in candidates:
        if value == setting.default and type(value) is type(setting.default):
            continue
        try:
            setting.decode(value)
        except RuleError:
            continue
        return value
    raise LookupError(f"no example of what {setting.name} takes is known")


def sample(kind: type[LayerType], **values: Value) -> LayerType | None:
    """A layer with plausible values for what is required, or None where no sample input goes with it."""
    given = {setting.name: plausible(setting) for setting in kind.settings.values() if setting.required}
    layer = kind(**{key: kind.settings[key].decode(value) for key, value in {**given, **values}.items()})
    for shape in SAMPLE_INPUTS:
        try:
            layer.output_shape((shape,) * kind.least_inputs)
        except RuleError:
            continue
        return layer
    return None


def plainest_settings(kind: type[LayerType]) -> dict[str, Value]:
    """The settings of the plainest layer of a type: those required, and the main one where it needs some."""
    required = {setting.name: plausible(setting) for setting in kind.settings.values() if setting.required}
    if required or sample(kind) is not None:
        return required
    main = next(iter(kind.settings.values()))
    return {main.name: plausible(main)}


def stands_alone(kind: type[LayerType]) -> bool:
    """Whether the bare name of a type is a layer that does something."""
    return not kind.is_merge and not plainest_settings(kind)


def examples(kind: type[LayerType]) -> tuple[str, ...]:
    """Ways to write a type as an item of a list of layers."""
    if kind.is_merge:
        return _join_examples(kind)
    settings = tuple(kind.settings.values())
    usual = plainest_settings(kind)
    written = []
    if stands_alone(kind):
        written.append(f"- {kind.name}")
    if settings and set(usual) <= {settings[0].name} and not isinstance(settings[0], Flag):
        written.append(f"- {kind.name}: {literal(plausible(settings[0]))}")
    if len(usual) > 1:
        written.append(f"- {kind.name}: {literal(tuple(usual.values()))}")
    if settings:
        some = usual or {settings[0].name: plausible(settings[0])}
        optional = (setting for setting in settings if setting.name not in some)
        more = next(({setting.name: plausible(setting)} for setting in optional if _fits(kind, some, setting)), {})
        written.append(f"- {kind.name}: {_mapping({**some, **more})}")
    return tuple(written)


def _fits(kind: type[LayerType], values: dict[str, Value], setting: Setting) -> bool:
    return sample(kind, **{**values, setting.name: plausible(setting)}) is not None


def _mapping(values: dict[str, Value]) -> str:
    return f"{{{', '.join(f'{key}: {literal(value)}' for key, value in values.items())}}}"


def _join_examples(kind: type[LayerType]) -> tuple[str, ...]:
    conv = "conv: {filters: 64, kernel: 3, padding: 1}"
    by_name = f"""\
- {kind.name}: # branches by name, each from the current tensor; empty: as it is
    left: [{conv}]
    right: []"""
    inputs = "\n  from: [previous, stem]"
    required = plainest_settings(kind)
    if required:
        main = next(iter(required.values()))
        reads = inputs if kind.least_inputs > 1 else ""
        return (f"- {kind.name}: {literal(main)}{reads}",)
    with_settings = (
        f"- {kind.name}: {_mapping({setting.name: plausible(setting)})}{inputs}" for setting in kind.settings.values()
    )
    return (
        by_name,
        f"- {kind.name}: [[{conv}], []] # in a list",
        f"- {kind.name}: # without branches: earlier layers, by their names{inputs}",
        *with_settings,
    )
