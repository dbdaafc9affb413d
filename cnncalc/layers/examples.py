"""Valid examples of a layer in a spec, derived from its declarations."""

from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import Value, describe, fraction
from cnncalc.syntax.settings import Flag, Setting

# Example values by setting name; other settings take the first value that is valid.
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
}
CANDIDATES: tuple[Value, ...] = (fraction("0.2"), 2, 1, (2, 1), ((0, 1), (1, 2)))
# An example must be valid for one of these inputs.
SAMPLE_INPUTS = (Shape((64, 14, 14)), Shape((64,)), Shape((64, 14)))


def literal(value: Value) -> str:
    """A value in the notation of specs."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    return value if isinstance(value, str) else describe(value)


def plausible(setting: Setting) -> Value:
    """A valid value of the setting that is not its default."""
    given = (PLAUSIBLE[setting.name],) if setting.name in PLAUSIBLE else ()
    flipped = (not setting.default,) if isinstance(setting, Flag) else ()
    candidates: tuple[Value, ...] = (*given, *flipped, *setting.keywords, *CANDIDATES)
    for value in candidates:
        if value == setting.default and type(value) is type(setting.default):
            continue
        try:
            setting.decode(value)
        except RuleError:
            continue
        return value
    raise LookupError(f"no example value is known for {setting.name}")


def sample(kind: type[LayerType], **values: Value) -> LayerType | None:
    """A layer with plausible values for required settings, or None if it fits no sample input."""
    given = {setting.name: plausible(setting) for setting in kind.settings.values() if setting.required}
    layer = kind(**{key: kind.settings[key].decode(value) for key, value in {**given, **values}.items()})
    for shape in SAMPLE_INPUTS:
        try:
            layer.output_shape((shape, shape) if kind.is_merge else (shape,))
        except RuleError:
            continue
        return layer
    return None


def plainest_settings(kind: type[LayerType]) -> dict[str, Value]:
    """The fewest settings that make a useful layer: the required ones, or the main one if it needs a value."""
    required = {setting.name: plausible(setting) for setting in kind.settings.values() if setting.required}
    if required or sample(kind) is not None:
        return required
    main = next(iter(kind.settings.values()))
    return {main.name: plausible(main)}


def stands_alone(kind: type[LayerType]) -> bool:
    """Whether the type is a useful layer without settings."""
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
- {kind.name}: # branches by name, each from the current tensor; empty: identity
    left: [{conv}]
    right: []"""
    inputs = "\n  from: [previous, stem]"
    with_settings = (
        f"- {kind.name}: {_mapping({setting.name: plausible(setting)})}{inputs}" for setting in kind.settings.values()
    )
    return (
        by_name,
        f"- {kind.name}: [[{conv}], []] # in a list",
        f"- {kind.name}: # without branches: earlier layers by name{inputs}",
        *with_settings,
    )
