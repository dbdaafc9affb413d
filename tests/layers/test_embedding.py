from __future__ import annotations

import pytest

from cnncalc.layers.contract import Operations


def test_words_become_vectors(place):
    """BERT's table of word pieces (Devlin et al. 2018): torch.nn.Embedding(30522, 768) has 23,440,896 parameters."""
    layer = place("embedding", (1, 128), vocabulary=30_522, features=768)
    assert layer.output == (768, 128)
    assert layer.params == 23_440_896
    assert layer.operations == Operations()


@pytest.mark.parametrize(("shape", "output"), [((1,), (8,)), ((1, 4, 5), (8, 4, 5))])
def test_positions_stay(place, shape, output):
    assert place("embedding", shape, vocabulary=10, features=8).output == output


def test_messages(refusal):
    settings = {"vocabulary": 10, "features": 8}
    assert refusal("embedding", (16,), **settings)[0] == (
        "embedding needs indices in one channel, but a vector of 16 comes in; "
        "declare the input as [1, 16]: an index at each position"
    )
    assert refusal("embedding", (3, 4, 5), **settings)[0].endswith(
        "declare the input as [1, 4, 5]: an index at each position"
    )
