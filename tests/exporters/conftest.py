"""What the tests of the exporters share."""

import json
from pathlib import Path

import pytest

from cnncalc.exporters import ExportedNetwork, export
from cnncalc.network.build import build
from cnncalc.network.records import inference_layers
from cnncalc.spec.decode import read_spec
from cnncalc.syntax.expressions import decimal


def source_of(name):
    spec = read_spec(name)
    return ExportedNetwork(spec, build(spec))


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """Exports the text of a spec."""
    monkeypatch.chdir(tmp_path)

    def exported(text, target, **options):
        Path("net.yaml").write_text(text, encoding="utf-8")
        written = export(source_of("net.yaml"), target, options)
        return written if isinstance(written, bytes) else "\n".join(written)

    return exported


def layers_of(network):
    """What a file must give back of each layer that inference runs."""
    return [
        (
            layer.name,
            layer.type,
            layer.settings,
            layer.inputs,
            layer.output_shape,
            layer.params,
            layer.buffers,
            layer.operations,
            layer.weights_from,
            layer.frozen,
        )
        for layer in inference_layers(network.layers)
    ]


def spec_of_example(example):
    """The text of a spec with the example of a layer, whose inputs are those of the network."""
    shapes = [list(shape) for shape in example.inputs or ((3,),)]
    names = "abcdefgh"[: len(shapes)] if len(shapes) > 1 else []
    sizes = [f"input: {shapes[0]}"] if not names else ["input:", *map("  {}: {}".format, names, shapes)]
    settings = ", ".join(f"{key}: {_write(value)}" for key, value in example.settings.items())
    read = [f"    from: [{', '.join(names)}]"] if names else []
    layer = [f"  - {example.type}: {{{settings}}}", "    name: block.layer", *read, "  - identity"]
    return "\n".join(["name: example", *sizes, "layers:", *layer])


def _write(value):
    if isinstance(value, tuple):
        return f"[{', '.join(map(_write, value))}]"
    return json.dumps(value) if isinstance(value, bool | str) else decimal(value)
