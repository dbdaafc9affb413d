"""What the tests of layer types share: a layer placed on its inputs as the builder places it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import settings as hypothesis_settings

from cnncalc.errors import RuleError
from cnncalc.layers import find
from cnncalc.layers.contract import LayerType, Operations
from cnncalc.layers.shapes import Shape

# A busy machine is no failure of a rule.
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")


class Placed(NamedTuple):
    layer: LayerType
    output: tuple[int, ...]
    weights: dict[str, tuple[int, ...]]
    params: int
    buffers: int
    operations: Operations

    @property
    def macs(self) -> int:
        return self.operations.multiply_accumulates


def placed(name: str, *inputs: tuple[int, ...], **settings: Any) -> Placed:
    kind = find(name)
    assert kind is not None
    layer = kind(**{key: kind.settings[key].decode(value) for key, value in settings.items()})
    shapes = tuple(map(Shape, inputs))
    output = layer.output_shape(shapes)
    weights = layer.weights(shapes)
    return Placed(
        layer,
        tuple(output),
        {weight.name: weight.shape for weight in weights},
        sum(weight.size for weight in weights if weight.learned),
        sum(weight.size for weight in weights if not weight.learned),
        layer.operations(shapes, output),
    )


@pytest.fixture(scope="session")
def place():
    """place("conv", (3, 224, 224), filters=64, kernel=3): the layer's figures."""
    return placed


@pytest.fixture(scope="session")
def refusal():
    """refusal("conv", (3, 5, 5), filters=64, kernel=7): the message, with the setting that it blames."""

    def refuse(name: str, *inputs: tuple[int, ...], **settings: Any) -> tuple[str, str | None]:
        with pytest.raises(RuleError) as caught:
            placed(name, *inputs, **settings)
        return str(caught.value), caught.value.setting

    return refuse
