from __future__ import annotations

from cnncalc.layers.contract import Operations


def test_what_has_a_number_each(place):
    """197 tokens of 768 numbers: the position embedding of ViT-B/16 (Dosovitskiy et al. 2020) has 151,296."""
    assert place("bias", (768, 197)).weights == {"bias": (768,)}
    assert place("bias", (768, 197), axes="positions").weights == {"bias": (1, 197)}
    assert place("bias", (768, 197), axes="all").params == 151_296
    assert place("bias", (768,), axes="positions").weights == {"bias": (1,)}


def test_one_add_a_number(place):
    for axes in ("channels", "positions", "all"):
        layer = place("bias", (8, 5, 6), axes=axes)
        assert (layer.output, layer.operations) == ((8, 5, 6), Operations(adds=240))


def test_messages(refusal):
    message = "axes takes channels, positions or all, not 'channel'; did you mean 'channels'?"
    assert refusal("bias", (4,), axes="channel") == (message, "axes")
