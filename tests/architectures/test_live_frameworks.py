"""The recorded figures against the frameworks themselves, where they are installed.

    python -m pytest -m live

Needs torch 2.14.1 with torchvision 0.29.1, timm 1.0.31 and Keras 3.15.1 (see tests/reference/record.py).
"""

import csv

import pytest
from reference.reading import REFERENCE

FRAMEWORKS = ("torchvision", "timm", "keras")
FILES = [
    path
    for framework in FRAMEWORKS
    for path in sorted((REFERENCE / framework).glob("*.csv"))
    if path.stem != "published"
]


@pytest.mark.live
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_file_is_what_the_framework_measures(path, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip(path.parent.name)
    monkeypatch.syspath_prepend(str(REFERENCE))
    from reference import record

    assert rows(record.measure(path.parent.name, path.stem), record.COLUMNS) == read(path)


@pytest.mark.live
@pytest.mark.filterwarnings("ignore")
def test_files_of_papers_are_what_their_definitions_measure(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(REFERENCE))
    import definitions
    from reference import record

    for name in definitions.NETWORKS:
        path = REFERENCE / "papers" / f"{name}.csv"
        assert rows(record.measure("papers", name), record.COLUMNS) == read(path), name


def read(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def rows(measured, columns):
    """Rows as a file has them."""
    return [{key: str(row.get(key, "")) for key in columns} for row in measured]
