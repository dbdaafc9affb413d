"""The page of `cnncalc report`: its parts, its size, and what it allows a browser to run."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import cnncalc

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

# Elements that have no end.
VOID = {"meta", "input", "br"}
LARGEST = 300_000


class Outline(HTMLParser):
    """The elements of a page, each closed where it should be, and all ids and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(run: Callable[..., Result]) -> Callable[..., str]:
    def write(*words: str) -> str:
        return run("report", *words, "--no-config").output

    return write


def explanations(text: str) -> dict[str, str]:
    """The explanation of each layer of the first network, as HTML."""
    content = re.search(r'<script type="application/json" class="explanations">(.*?)</script>', text, re.DOTALL)
    assert content
    found = json.loads(content.group(1))
    explained = {}
    for name, runs in found["layers"].items():
        numbers = [[int(number) for number in run.split("-")] for run in runs.split()]
        explained[name] = "".join(line for run in numbers for line in found["lines"][run[0] : run[-1] + 1])
    return explained


def test_elements_are_closed_and_ids_are_unique(page: Callable[..., str]) -> None:
    outline = Outline(page("alexnet", "resnet18", "googlenet"))
    assert len(outline.ids) == len(set(outline.ids))
    assert {"comparison", "n1", "n2", "n3", "explanation"} <= set(outline.ids)
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)


def test_the_browser_may_run_only_our_script_and_style(page: Callable[..., str]) -> None:
    text = page("resnet18")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    parts = dict(part.split(maxsplit=1) for part in policy.group(1).split("; "))
    assert parts["default-src"] == "'none'"
    for source, element in (("script-src", "script"), ("style-src", "style")):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert parts[source] == f"'sha256-{digest}'"
    # Styles and handlers in attributes would be blocked.
    assert not {name for name in Outline(text).attributes if name == "style" or name.startswith("on")}


def test_numbers_of_a_published_network(page: Callable[..., str]) -> None:
    text = page("resnet50")
    # He et al. 2015 with torchvision's count of parameters; the receptive field of Araujo et al. 2019, Distill.
    assert "<dt>parameters</dt><dd>25,557,032 " in text
    assert "<dt>receptive field</dt><dd>483 " in text
    assert text.count("</th><td>conv</td>") == 53
    explained = unescape(explanations(text)["conv2_1.residual.3x3.conv"])
    assert "64 × 64 × 3 × 3 = 36,864" in explained


def test_resnet50_is_small(page: Callable[..., str]) -> None:
    assert len(page("resnet50").encode()) < LARGEST


def test_every_layer_is_explained_as_by_the_command(page: Callable[..., str], run: Callable[..., Result]) -> None:
    text = page("googlenet")
    explained = explanations(text)
    assert list(explained) == [layer.name for layer in cnncalc.load("googlenet")]
    for name in ("conv1", "inception_3a.3x3"):
        headings = re.findall(r"<h2>(.*?)</h2>", explained[name])
        shown = re.findall(r"(?m)^### (.*)$", run("explain", "googlenet", name, "--format", "markdown").output)
        assert headings == [heading for heading in shown if heading != "As other tools count it"]


def test_checks_of_the_spec(page: Callable[..., str], tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    spec = "input: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\nbudget: {params: 100, macs: 10k}\n"
    (tmp_path / "net.yaml").write_text(spec)
    text = page("net.yaml")
    # 4 filters of 3 x 3 x 3 and 4 biases; 6 x 6 positions.
    assert '<td>params</td><td>112</td><td>at most 100</td><td>112.0 %</td><td class="broken">failed</td>' in text
    assert '<td>macs</td><td>3,888</td><td>at most 10,000</td><td>38.9 %</td><td class="kept">passed</td>' in text


def test_overrides_of_the_configuration_are_listed_beside_the_checks(
    run: Callable[..., Result], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text("input: [3, 8, 8]\nlayers:\n  - conv: [4, 3]\n")
    (tmp_path / "cnncalc.yaml").write_text("specs:\n  net.yaml: {input: 3x16x16, budget: {macs: 30k}}\n")
    text = run("report", "net.yaml").output
    # 3 x 3 x 3 for each of 4 filters at 6 x 6 positions, and at 14 x 14 for the checks.
    assert "<dt>MACs</dt><dd>3,888</dd>" in text
    assert "<td>macs</td><td>21,168</td>" in text
    assert "cnncalc.yaml overrides values for the checks: input=3x16x16." in text
    assert "overrides values" not in run("report", "net.yaml", "--input", "3x16x16").output


def test_chinese(page: Callable[..., str]) -> None:
    text = page("alexnet", "--language", "zh")
    assert '<html lang="zh">' in text
    assert "<dt>感受野</dt>" in text
    assert "输入" in explanations(text)["conv1"]


def test_a_terminal_gets_no_page(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnncalc.commands.report.sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True)))
    assert "name it with -o report.html" in run("report", "lenet5", status=2).output


def test_problems_of_all_specs(run: Callable[..., Result]) -> None:
    result = run("report", "alexnett", "vgg61", status=2)
    assert result.output.count("did you mean") == 2


def test_set_applies_to_the_networks_that_have_the_variable(
    page: Callable[..., str], run: Callable[..., Result], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layers = "layers:\n  - conv: [n, 3]\nbudget: {params: 1k}\n"
    (tmp_path / "with.yaml").write_text(f"input: [3, 8, 8]\nvariables: {{n: 4}}\n{layers}")
    (tmp_path / "without.yaml").write_text(f"input: [3, 8, 8]\n{layers.replace('n,', '4,')}")
    text = page("with.yaml", "without.yaml", "--set", "n=5")
    # 3 x 3 x 3 weights and a bias for each filter: 5 x 28 and 4 x 28.
    assert re.findall(r"<dt>parameters</dt><dd>(\d+) ", text) == ["140", "112"]
    assert re.findall(r"<td>params</td><td>(\d+)</td>", text) == ["140", "112"]
    assert "--set n does not change without.yaml: no such variable" in text
    refused = run("report", "with.yaml", "without.yaml", "--set", "m=5", status=2)
    assert "--set m: no network has a variable 'm'" in refused.output


def test_long_explanations_and_many_findings_are_cut_with_a_note(
    page: Callable[..., str], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnncalc.page.layers.MOST_EXPLANATION", 1)
    monkeypatch.setattr("cnncalc.page.sections.MOST_FINDINGS", 1)
    spec = tmp_path / "net.yaml"
    # Nothing reads b and c: two findings.
    spec.write_text(
        "input: {a: [3, 8, 8], b: [3, 8, 8], c: [3, 8, 8]}\nlayers:\n  - conv: [4, 3]\n    from: a\n  - relu\n"
    )
    text = page(str(spec))
    assert list(explanations(text)) == ["conv"]
    assert "The first 1 layers are explained here; `cnncalc explain` explains the others." in unescape(text)
    assert "These are the first 1 of 2 findings" in text
    assert text.count('<li class="error">') == 1
