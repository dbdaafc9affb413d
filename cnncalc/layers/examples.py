"""Valid examples of a layer in a spec, derived from its declarations."""

from __future__ import annotations

from cnncalc.errors import RuleError
from cnncalc.layers.contract import LayerType
from cnncalc.layers.shapes import Shape
from cnncalc.syntax.expressions import Value, describe
from cnncalc.syntax.settings import Flag, Setting

# An example must be valid for one of these inputs.
SAMPLE_INPUTS = (Shape((64, 14, 14)), Shape((64,)), Shape((64, 14)), Shape((1, 16)))


def literal(value: Value) -> str:
    """A value as a spec writes it; a text that braces would break is quoted."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, str):
        return value if value.isidentifier() else f'"{value}"'
    return describe(value)


def sample(kind: type[LayerType], **values: Value) -> LayerType | None:
    """A layer with example values for what is required, or None where no sample input goes with it."""
    given = {setting.name: setting.example for setting in kind.settings.values() if setting.required}
    layer = kind(**{key: kind.settings[key].decode(value) for key, value in {**given, **values}.items()})
    alone = ((shape,) * kind.least_inputs for shape in SAMPLE_INPUTS)
    for inputs in (kind.sample_inputs,) if kind.sample_inputs else alone:
        try:
            layer.output_shape(inputs)
        except RuleError:
            continue
        return layer
    return None


def plainest_settings(kind: type[LayerType]) -> dict[str, Value]:
    """The fewest settings that make a useful layer: the required ones, or the main one if it needs a value."""
    required = {setting.name: setting.example for setting in kind.settings.values() if setting.required}
    if required or sample(kind) is not None:
        return required
    main = next(iter(kind.settings.values()))
    return {main.name: main.example}


def stands_alone(kind: type[LayerType]) -> bool:
    """Whether the type is a useful layer without settings."""
    return not kind.is_merge and not plainest_settings(kind)


def examples(kind: type[LayerType]) -> tuple[str, ...]:
    """Ways to write a type as an item of a list of layers."""
    if kind.written:
        return kind.written
    if kind.is_merge:
        return _join_examples(kind)
    settings = tuple(kind.settings.values())
    usual = plainest_settings(kind)
    written = []
    if stands_alone(kind):
        written.append(f"- {kind.name}")
    if settings and set(usual) <= {settings[0].name} and not isinstance(settings[0], Flag):
        written.append(f"- {kind.name}: {literal(settings[0].example)}")
    if len(usual) > 1:
        written.append(f"- {kind.name}: {literal(tuple(usual.values()))}")
    if settings:
        some = usual or {settings[0].name: settings[0].example}
        optional = (setting for setting in settings if setting.name not in some)
        more = next(({setting.name: setting.example} for setting in optional if _fits(kind, some, setting)), {})
        written.append(f"- {kind.name}: {_mapping({**some, **more})}")
    return tuple(written)


def _fits(kind: type[LayerType], values: dict[str, Value], setting: Setting) -> bool:
    return sample(kind, **{**values, setting.name: setting.example}) is not None


def _mapping(values: dict[str, Value]) -> str:
    return f"{{{', '.join(f'{key}: {literal(value)}' for key, value in values.items())}}}"


def _join_examples(kind: type[LayerType]) -> tuple[str, ...]:
    conv = "conv: {filters: 64, kernel: 3, padding: 1}"
    by_name = f"""\
- {kind.name}: # branches by name, each from the current tensor; empty: identity
    left: [{conv}]
    right: []"""
    inputs = "\n  from: [previous, stem]"
    required = plainest_settings(kind)
    if required:
        main = next(iter(required.values()))
        reads = inputs if kind.least_inputs > 1 else ""
        return (f"- {kind.name}: {literal(main)}{reads}",)
    with_settings = (
        f"- {kind.name}: {_mapping({setting.name: setting.example})}{inputs}" for setting in kind.settings.values()
    )
    return (
        by_name,
        f"- {kind.name}: [[{conv}], []] # in a list",
        f"- {kind.name}: # without branches: earlier layers by name{inputs}",
        *with_settings,
    )
