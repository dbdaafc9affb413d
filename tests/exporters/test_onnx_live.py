"""ONNX files held to the packages onnx and onnxruntime: they are valid, and run with the shapes of the network."""

import gc

import pytest
from exporters.conftest import source_of, spec_of_example
from exporters.test_onnx import UNPOOLED, WRITTEN

from cnncalc import bundled
from cnncalc.exporters import export

pytestmark = pytest.mark.live


def run(data, network, batch=1):
    """Hold the bytes of a file to the checker, and run it on ones without optimizations, which would cost memory."""
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    numpy = pytest.importorskip("numpy")
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    # Other programs write it back as it was, so that marks stay true.
    assert model.SerializeToString() == data
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    images = {name: numpy.ones((batch, *shape), numpy.float32) for name, shape in network.inputs}
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, images)
    for name, output in zip(names, outputs, strict=True):
        assert output.shape == (batch, *network.shape_of(name))
        assert numpy.isfinite(output).all()
    gc.collect()


@pytest.mark.parametrize("name", sorted(bundled.names()))
def test_networks_are_valid_and_run(name):
    source = source_of(name)
    run(export(source, "onnx"), source.network)


@pytest.mark.parametrize("example", WRITTEN, ids=lambda example: example.label)
def test_layers_are_valid_and_run_in_batches(example, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(spec_of_example(example))
    source = source_of(str(path))
    run(export(source, "onnx"), source.network, batch=2)


def test_unpooling_puts_maxima_back(tmp_path):
    """Each number that two pools have left is where it was, and all others are 0."""
    runtime, numpy = pytest.importorskip("onnxruntime"), pytest.importorskip("numpy")
    path = tmp_path / "net.yaml"
    path.write_text(UNPOOLED)
    source = source_of(str(path))
    data = export(source, "onnx")
    run(data, source.network, batch=2)
    # All different and positive, so that the relu changes none.
    images = numpy.random.default_rng(0).permutation(2 * 3 * 9 * 12).reshape(2, 3, 9, 12).astype(numpy.float32) + 1
    (found,) = runtime.InferenceSession(data).run(["up1"], {"input": images})
    assert ((found == images) | (found == 0)).all()
    # At most 2 x 3 maxima of each channel: windows of the first pool overlap, and one may write 0 over that of another.
    assert 2 * 3 <= (found > 0).sum() <= 2 * 3 * 2 * 3
