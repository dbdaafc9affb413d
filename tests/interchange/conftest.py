"""What the tests of the readers share."""

import os
from pathlib import Path

import pytest

from cnncalc.errors import SpecError
from cnncalc.network.build import load

REAL = os.environ.get("CNNCALC_REAL_FILES", "")


def _show(layer):
    shape = "x".join(map(str, layer.output_shape))
    return f"{layer.name}: {layer.figures.type.name} {', '.join(layer.inputs)} -> {shape}"


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """The layers of a file as `name: type inputs -> shape`."""
    monkeypatch.chdir(tmp_path)

    def read(file, text, **sizes):
        Path(file).write_bytes(text if isinstance(text, bytes) else text.encode())
        network = load(file, inputs=list(sizes.items()) if "size" not in sizes else [("", sizes["size"])])
        return [_show(layer) for layer in network.layers]

    return read


@pytest.fixture
def problems(shapes):
    """What is wrong with a file, one line a problem."""

    def read(file, text, **sizes):
        with pytest.raises(SpecError) as error:
            shapes(file, text, **sizes)
        return [str(problem) for problem in error.value.problems]

    return read


@pytest.fixture
def real():
    """The folder of real files of a format; the test is skipped where there is none."""

    def folder(name):
        if not REAL:
            pytest.skip("CNNCALC_REAL_FILES names no folder of real files")
        return Path(REAL, name)

    return folder
