"""Texts of a spec in files for other programs: they stay text, and no terminal or log acts on them."""

import json

import pytest
from hardening import hostile

from cnncalc.network.build import load

STRINGS = dict(hostile.sound_strings())
TEXTS = ("netron", "model-explorer", "model-explorer-data", "scalesim")


def hostile_spec(words):
    text = hostile.in_yaml(words)
    return (
        f"name: {text}\nsource: {text}\nfamily: {text}\ninput: [3, 8, 8]\n"
        "layers:\n  - conv: [4, 3]\n    name: +sum/DP\n  - conv: [4, 1]\n    name: -1+1\n  - identity\n"
    )


@pytest.mark.parametrize("target", TEXTS)
def test_texts_stay_text(target, exported):
    for words in STRINGS.values():
        text = exported(hostile_spec(words), target)
        hostile.check_log(text)
        if target == "scalesim":
            hostile.check_csv("\n".join(line.removesuffix(",") for line in text.splitlines()))
        else:
            hostile.check_json(text)


def test_names_and_sources_are_kept_in_json(exported):
    for words in STRINGS.values():
        text = hostile_spec(words)
        netron = json.loads(exported(text, "netron"))
        network = load("net.yaml")
        assert netron["description"] == network.name
        assert {"name": "family", "value": network.family} in netron["metadata"]
        explorer = json.loads(exported(text, "model-explorer"))
        assert explorer["label"] == network.name
        assert explorer["graphs"][0]["groupNodeAttributes"][""]["source"] == network.source


def test_onnx_keeps_them(exported, tmp_path):
    path = tmp_path / "net.onnx"
    for words in STRINGS.values():
        path.write_bytes(exported(hostile_spec(words), "onnx"))
        own, back = load("net.yaml"), load(str(path))
        assert back.source == own.source
        # The name of an imported network is one line, and at most as long as those of layers.
        assert " ".join(own.name.split()).startswith(back.name)
        assert [layer.name for layer in back.layers] == ["+sum/DP", "-1+1", "identity"]
