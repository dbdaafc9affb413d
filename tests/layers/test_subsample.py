from __future__ import annotations


def test_s2_and_s4_of_lenet_5(place):
    """LeCun et al. 1998: S2 has 12 parameters and 5,880 connections (2x2 inputs and a bias), S4 32 and 2,000."""
    for shape, params, connections in (((6, 28, 28), 12, 5_880), ((16, 10, 10), 32, 2_000)):
        layer = place("subsample", shape)
        assert layer.output == (shape[0], shape[1] >> 1, shape[2] >> 1)
        assert layer.params == params
        # The adds join four inputs and the bias; the coefficient is the multiply.
        assert layer.operations.adds + layer.operations.multiplies == connections
        assert layer.macs == 0


def test_kernel_and_stride(place):
    assert place("subsample", (4, 9), kernel=3).output == (4, 3)
    assert place("subsample", (4, 9), kernel=3, stride=1).output == (4, 7)


def test_messages(refusal):
    """There is no padding that could help."""
    assert refusal("subsample", (4, 1, 9)) == (
        "kernel 2 does not fit the 1x9 input; use a kernel of at most 1",
        "kernel",
    )
