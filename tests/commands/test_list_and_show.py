"""`cnncalc list` and `cnncalc show`."""

import json
from pathlib import Path

from cnncalc import bundled
from cnncalc.formats import csv
from cnncalc.network.build import load
from cnncalc.reports.catalogue import catalogue, entry, listed


def test_list_shows_every_network(run):
    output = run("list").output
    for name in bundled.names():
        assert f"\n  {name} " in output
    networks = {row["name"]: row for row in json.loads(run("list", "-f", "json").output)}
    assert networks["vgg16"]["params"] == 138_357_544
    assert networks["alexnet"]["input"] == "3x227x227"


def test_names_are_in_the_order_of_their_numbers():
    names = [name for name in bundled.names() if name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")]
    assert names == ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]


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


def test_families_stand_in_the_order_of_their_years(run):
    lines = run("list").output.splitlines()
    headings = [line for line in lines if line and not line.startswith(" ") and len(line.split("  ")) == 1]
    families = [line for line in headings if not line.startswith(("─", "`"))]
    assert len(families) == len(set(families))
    years = {}
    for row in json.loads(run("list", "-f", "json").output):
        years.setdefault(row["family"], []).append(row["year"] or 9999)
    assert families == sorted(families, key=lambda family: (min(years[family]), family))


def test_the_catalogue_is_what_is_computed(request):
    """architectures/catalogue.csv saves `list` from computing every network; --rewrite makes it anew."""
    entries = [entry(name, load(name)) for name in bundled.names()]
    text = "".join(f"{line}\n" for line in csv.write(catalogue(entries, grouped=False)))
    path = Path(bundled.folder()) / bundled.CATALOGUE
    if request.config.getoption("--rewrite"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")
    assert listed() == entries


def test_filter_by_task(run):
    rows = json.loads(run("list", "--filter", "detection", "-f", "json").output)
    assert "yolov8n" in {row["name"] for row in rows}
    assert {row["task"] for row in rows} == {"detection"}
    assert all(row["task"] is None for row in json.loads(run("list", "--filter", "vgg19", "-f", "json").output))
    assert "did you mean 'detection'" in run("list", "--filter", "detecton", status=2).output


def test_filter_and_sort(run):
    rows = json.loads(run("list", "--filter", "VGG", "--sort", "params", "-f", "json").output)
    assert {"vgg16", "vgg19"} <= {row["name"] for row in rows}
    assert all("vgg" in row["name"] for row in rows)
    assert [row["params"] for row in rows] == sorted((row["params"] for row in rows), reverse=True)
    assert "did you mean 'vgg19'" in run("list", "--filter", "vg9", status=2).output


def test_a_year_has_no_thousands(run):
    assert " 2,0" not in run("list", "--filter", "vgg16").output
