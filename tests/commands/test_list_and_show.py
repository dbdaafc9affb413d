"""`cnncalc list` and `cnncalc show`."""

import json

from cnncalc import bundled


def test_list_shows_every_network(run):
    output = run("list").output
    for name in bundled.names():
        assert f"\n{name} " in output
    networks = {row["name"]: row for row in json.loads(run("list", "-f", "json").output)}
    assert networks["vgg16"]["params"] == 138_357_544
    assert networks["alexnet"]["input"] == "3x227x227"


def test_names_are_in_the_order_of_their_numbers():
    names = [name for name in bundled.names() if name.startswith("resnet")]
    assert names[:3] == ["resnet18", "resnet34", "resnet50"]
    assert names.index("resnet50") < names.index("resnet101")


def test_show_prints_the_file(run):
    with open(bundled.path("resnet101"), encoding="utf-8") as file:
        assert run("show", "resnet101").output == file.read()


def test_show_expands(run):
    output = run("show", "resnet101", "--expand", "--set", "classes=7").output
    assert "extends" not in output
    assert "  - linear: {features: 7}" in output
    assert run("summary", "-", stdin=output).output.splitlines()[-2].startswith("conv")


def test_changes_need_expand(run):
    assert "add --expand" in run("show", "resnet101", "--set", "classes=7", status=2).output


def test_show_of_nothing(run):
    assert "did you mean 'resnet101'" in run("show", "resnet1010", status=2).output
