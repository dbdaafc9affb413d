"""What the tests share: running the program, and texts that are kept as files."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cnncalc import surface
from cnncalc.commands import cli
from cnncalc.network import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cnncalc.network.records import LayerGraph

TESTS = Path(__file__).parent
# Before click 8.2 a runner mixes both streams unless it is told not to.
SEPARATE = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


class _BothStreams(Result):
    """A result of click before 8.2, whose `output` holds both streams as it does since."""

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write kept texts anew; read each difference")


def pytest_configure() -> None:
    """Outputs are compared as they are without the colors that somebody's environment asks for."""
    for name in ("FORCE_COLOR", "NO_COLOR"):
        os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def surface_of_messages() -> Iterator[None]:
    """Word messages for the command line, as most tests expect them; tests of the Python API override this."""
    with surface.command_line():
        yield


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run `cnncalc` with arguments, in this process, as in a pipe; any status will do where it is None."""

    def run(*arguments: str, status: int | None = 0, stdin: str | bytes | None = None) -> Result:
        result = CliRunner(**SEPARATE).invoke(cli, arguments, input=stdin, prog_name="cnncalc")
        if SEPARATE:
            result.__class__ = _BothStreams
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert status is None or result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Hold a text against the file of that name in kept/ beside the test."""

    def compare(name: str, text: str) -> None:
        path = request.path.parent / "kept" / name
        if request.config.getoption("--rewrite"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def spec(tmp_path: Path) -> Callable[[str], LayerGraph]:
    """The network of a spec's text."""

    def network(text: str) -> LayerGraph:
        path = tmp_path / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        return build.load(str(path))

    return network
