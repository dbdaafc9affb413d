"""Memory that others published, rounded by them: each figure is equal, or its difference is explained.

The feature memory of albanie/convnet-burden 9c7f31b (MatConvNet) is in MB for one image, and the definition that gives
it was found by arithmetic: the outputs of all layers at inference, where activations such as ReLU overwrite their
input. The image does not count, a softmax, a crop and a permutation have memory of their own, 1 MB is 2^20 bytes, and
halves are rounded up. 24 of its 52 networks are bundled; 21 of them agree.
"""

import pytest

import cnncalc
from cnncalc.analyses.totals import stored
from cnncalc.analyses.training_memory import Optimizer, training_memory

MIB = 2**20
STRIDE_IN_3X3 = {"stride_in_3x3": True}
OWN_MEMORY = ("softmax", "crop", "permute")


def feature_memory(name, variables=None, input=None, without=()):
    """The outputs of a network in MiB, without those of some types."""
    network = cnncalc.load(name, variables=variables, input=input).facts
    sizes = stored(network)
    return sum(
        4 * (layer.output_shape.elements if layer.type in OWN_MEMORY else sizes[layer.name]) / MIB
        for layer in network.layers
        if not layer.training_only and layer.type not in without
    )


@pytest.mark.parametrize(
    ("published", "name", "options"),
    [
        (126, "densenet121", {}),
        (235, "densenet161", {}),
        (152, "densenet169", {}),
        (196, "densenet201", {}),
        (26, "googlenet", {}),
        (89, "inception_v3", {}),
        (38, "mobilenet_v1", {}),
        (426, "fcn8s_vgg16", {"input": [3, 384, 384]}),
        (103, "resnet50", {}),
        (155, "resnet101", {}),
        (219, "resnet152", {}),
        (23, "resnet18", {}),
        (35, "resnet34", {}),
        (107, "resnet50", {"variables": STRIDE_IN_3X3}),
        (197, "resnext101_64x4d", {"variables": {"groups": 32}}),
        (273, "resnext101_64x4d", {}),
        (132, "resnext50_32x4d", {}),
        (17, "squeezenet1_1", {}),
        (116, "ssd300_vgg16", {"variables": {"classes": 21}}),
        (58, "vgg16", {}),
        (63, "vgg19", {}),
    ],
)
def test_feature_memory_of_matconvnet(published, name, options):
    assert int(feature_memory(name, **options) + 0.5) == published


def test_feature_memory_that_differs():
    """AlexNet: 3 MB, which holds no output of the two normalizations, 1.82 MiB; GoogLeNet's are in its 26 MB.

    SqueezeNet 1.0: 30 MB, at least 0.5 MiB more; one more map of conv10, 1000x13x13 and 0.64 MiB, would give 29.6.
    MobileNet v2: 69 MB, but for 446 million operations; this one has 301 million, so that its maps are others.
    """
    alexnet = feature_memory("alexnet"), feature_memory("alexnet", without=["lrn"])
    assert [round(amount, 2) for amount in alexnet] == [4.81, 2.99]
    squeezenet = feature_memory("squeezenet1_0")
    assert [round(amount, 2) for amount in (squeezenet, squeezenet + 4 * 1000 * 13 * 13 / MIB)] == [28.99, 29.64]
    assert round(feature_memory("mobilenet_v2"), 1) == 51.8
    assert cnncalc.load("mobilenet_v2").macs == 300_774_272


@pytest.mark.parametrize(
    ("name", "params", "forward", "beyond"),
    [
        ("resnet18", 44.690, 141.258, 12),
        ("resnet34", 85.538, 219.900, 14),
        ("resnet50", 99.353, 440.048, 14),
        ("resnet101", 173.151, 668.108, 13),
        ("resnet152", 234.590, 923.410, 16),
        ("convnext_tiny", 109.942, 539.976, 15),
        ("convnext_small", 192.682, 885.770, 30),
    ],
)
def test_forward_memory_measured_on_a_gpu(name, params, forward, beyond):
    """hpcaitech/ColossalAI, pull request 1587: memory of parameters and of a forward pass on a GPU, in MiB.

    It does not state the batch; with 4 images, the weights and kept tensors are all of it but 12 to 30 MiB: what the
    allocator rounds up (the weights alone show up to 4.4 MiB of that) and the workspaces of cuDNN.
    """
    variables = STRIDE_IN_3X3 if name in ("resnet50", "resnet101", "resnet152") else None
    found = training_memory(cnncalc.load(name, variables=variables).facts)
    weights = (found.params + found.buffers).amount(1) / MIB
    # The softmax of the spec is not in the networks of torchvision.
    kept = (found.kept.amount(4) - 4 * 4 * 1000) / MIB
    assert 0 <= params - weights < 4.5
    assert int(forward - weights - kept + 0.5) == beyond


def test_training_memory_measured_on_a_gpu():
    """WSShiro/vramexp, PyTorch 2.0.1: 11,738 MiB for ResNet-50 with 128 images of 3x224x224 and 10 outputs.

    With Adam, which it does not state, all that is counted here is 10,846 MiB: 89.8 MiB of parameters, as much of
    gradients, twice that of state, 0.2 MiB of buffers and 10,487 MiB of kept tensors, among them 73.5 MiB of images.
    The other 892 MiB are of kinds that are not counted: temporary tensors of the backward pass (two gradients of
    maps of the first stage, 128x256x56x56, would be 784 MiB), workspaces of cuDNN, and what the allocator and CUDA
    reserve. Which VGG-16 took 17,232 MiB is not stated: without batch norm it would be 10,992 MiB, with it 17,607 MiB.
    """
    variables = {"classes": 10, **STRIDE_IN_3X3}
    found = training_memory(cnncalc.load("resnet50", variables=variables).facts, optimizer=Optimizer.ADAM)
    assert round(found.saved_for_backward(128) / MIB) == 10_487
    assert round(11_738 - found.amount(128) / MIB) == 892
    assert 784 * MIB == 2 * 4 * 128 * 256 * 56 * 56
    plain, normed = (
        training_memory(cnncalc.load(name, variables={"classes": 10}).facts, optimizer=Optimizer.ADAM).amount(128) / MIB
        for name in ("vgg16", "vgg16_bn")
    )
    assert (round(plain), round(normed)) == (10_992, 17_607)
