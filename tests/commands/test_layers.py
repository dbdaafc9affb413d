"""`cnncalc layers`: the reference of layer types."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

from cnncalc.commands import _options, cli
from cnncalc.layers import all_types


def test_all_types_are_listed(run) -> None:
    lines = run("layers").stdout.splitlines()
    starts = {re.match(r"- (\w+)", line).group(1) for line in lines if line.startswith("- ")}
    assert set(all_types()) <= starts


def test_one_type_is_told_whole(run) -> None:
    text = run("layers", "conv").stdout
    assert text.startswith("conv\n════\n\nConvolution: ")
    for heading in ("Settings", "In a spec", "Formulas", "Counting"):
        assert f"\n{heading}\n" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "latex", "html"])
def test_formats_are_of_all_types_and_of_one(run, form: str) -> None:
    everything = run("layers", "--format", form).stdout
    one = run("layers", "max_pool", "--format", form).stdout
    # LaTeX wants a backslash before the underscore.
    assert "max_pool" in everything.replace("\\", "")
    assert "rounding" in one
    assert len(one) < len(everything)


@pytest.mark.parametrize("word", ["dense", "Dense", "nn.Linear", "InnerProduct", "全连接"])
def test_a_type_is_found_by_its_names_elsewhere(run, word: str) -> None:
    text = run("layers", word).stdout
    assert text == run("layers", "linear").stdout
    assert "\nAlso known as Dense, fc, FullyConnected, InnerProduct, Gemm" in text


def test_names_elsewhere_are_in_json_and_markdown(run) -> None:
    assert "swish" in json.loads(run("layers", "silu", "-f", "json").stdout)["also_known_as"]
    assert json.loads(run("layers", "relu6", "-f", "json").stdout)["also_known_as"] == []
    assert "Also known as swish.\n" in run("layers", "silu", "-f", "markdown").stdout
    assert "Also known" not in run("layers", "relu6").stdout


def test_json_is_json(run) -> None:
    assert json.loads(run("layers", "relu", "-f", "json").stdout)["name"] == "relu"
    assert len(json.loads(run("layers", "-f", "json").stdout)["types"]) == len(all_types())


def test_a_file_is_written(run, tmp_path) -> None:
    path = tmp_path / "layers.md"
    assert run("layers", "-f", "markdown", "-o", str(path)).stdout == ""
    assert path.read_text(encoding="utf-8").startswith("## Layer types\n")


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("max_pol", "unknown layer type 'max_pol'; did you mean 'max_pool'?\n"),
        ("Pooling", "unknown layer type 'Pooling'; write max_pool or avg_pool, such as `- max_pool: 3`\n"),
        (
            "fc6",
            (
                "unknown layer type 'fc6'; cnncalc calls it linear:"
                " write `- linear: 1000` with `name: fc6` in the same item\n"
            ),
        ),
        (
            "attention",
            (
                "unknown layer type 'attention'; write its products with `- einsum: \"hdn, hdm -> hnm\"`, "
                "as docs/language.md shows\n"
            ),
        ),
        ("qqqq", "unknown layer type 'qqqq'; `cnncalc layers` lists them\n"),
        (
            "repeat",
            (
                "unknown layer type 'repeat'; it belongs to the spec language; "
                "`cnncalc layers` describes it below the types\n"
            ),
        ),
    ],
)
def test_a_type_that_does_not_exist_is_refused(run, word: str, message: str) -> None:
    result = run("layers", word, status=2)
    assert result.stderr == message
    assert result.stdout == ""


def test_shells_complete_types_with_what_they_are() -> None:
    completions = ShellComplete(cli, {}, "cnncalc", "_CNNCALC_COMPLETE").get_completions(["layers"], "adaptive_")
    assert [item.value for item in completions] == ["adaptive_avg_pool", "adaptive_max_pool"]
    assert all(item.help for item in completions)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("columns", "width"), [(60, 60), (80, 80), (200, _options.WIDEST_TEXT)])
def test_a_terminal_is_filled_as_far_as_lines_read_easily(monkeypatch, columns: int, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert _options.text_width(None) == width
    assert _options.text_width("file.txt") == 80


def test_it_starts_without_what_it_does_not_need() -> None:
    program = (
        "import sys, contextlib, io\n"
        "from cnncalc.commands import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli(['layers', 'conv'], standalone_mode=False)\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert not {"rich", "tempfile", "cnncalc.network.build", "cnncalc.layers.linear"} & loaded
