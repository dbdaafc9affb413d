"""What a network keeps in memory, as CS231n's table of VGG-16 counts it."""

from __future__ import annotations

from cnncalc.layers.contract import Aliasing


def test_the_activations_of_vgg_16(place):
    """15,237,608 numbers: the image, and the outputs of convolutions, pools and linear layers.

    ReLU, dropout and softmax overwrite their input, and flatten only reads it in another way.
    """
    layers = []
    for filters, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [("conv", {"filters": filters, "kernel": 3, "padding": 1}), ("relu", {})] * depth
        layers += [("max_pool", {"kernel": 2})]
    layers += [("flatten", {})]
    layers += [("linear", {"features": 4096}), ("relu", {}), ("dropout", {})] * 2
    layers += [("linear", {"features": 1000}), ("softmax", {})]

    shape, kept, params = (3, 224, 224), 3 * 224 * 224, 0
    for name, settings in layers:
        layer = place(name, shape, **settings)
        shape = layer.output
        params += layer.params
        if layer.layer.aliasing is Aliasing.NEW:
            numbers = 1
            for size in shape:
                numbers *= size
            kept += numbers
    assert kept == 15_237_608
    assert params == 138_357_544
