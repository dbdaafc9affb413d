from __future__ import annotations

from cnncalc.layers.contract import Operations


def test_the_regions_of_faster_r_cnn(place):
    """torchvision's MultiScaleRoIAlign cuts 1000 regions of 7x7 out of four maps of 256 channels, 2x2 points each."""
    maps = [(256, size, size) for size in (200, 100, 50, 25)]
    layer = place("roi_align", *maps, size=7, rois=1000)
    assert layer.output == (256, 1000, 7, 7)
    assert layer.params == 0
    numbers = 256 * 1000 * 7 * 7
    # Four points of 4 multiplies and 3 adds, 3 adds for their sum, and a divide.
    assert layer.operations == Operations(multiplies=16 * numbers, adds=15 * numbers, divides=numbers)


def test_one_point(place):
    layer = place("roi_align", (2, 9), size=3, rois=4, samples=1)
    assert layer.output == (2, 4, 3)
    assert layer.operations == Operations(multiplies=48, adds=24, divides=24)


def test_an_output_depends_on_all_of_each_map(place):
    maps = ((2, 9, 8), (2, 5, 4))
    layer = place("roi_align", *maps, size=3, rois=4)
    readings = layer.layer.readings(layer_shapes(maps), layer_shapes([layer.output])[0])
    assert [
        tuple(len(window.reads(0, size)) for window, size in zip(reading.windows, shape[1:], strict=True))
        for reading, shape in zip(readings, maps, strict=True)
    ] == [(9, 8), (5, 4)]


def layer_shapes(sizes):
    from cnncalc.layers.shapes import Shape

    return tuple(map(Shape, sizes))


def test_messages(refusal):
    message, setting = refusal("roi_align", (8, 5, 5), (9, 5, 5), size=7, rois=2)
    assert (message, setting) == (
        (
            "roi_align needs maps of equally many channels, but 8x5x5 and 9x5x5 come in; "
            "a 1x1 conv on each brings them to the same number"
        ),
        None,
    )
    assert refusal("roi_align", (8,), size=7, rois=2)[0].startswith("a feature map is needed")
    assert refusal("roi_align", (8, 5, 5), size=(1, 2, 3), rois=2)[1] == "size"
