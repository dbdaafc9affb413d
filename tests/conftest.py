"""What the tests share: running the program, and texts that are kept as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from cnncalc import build, surface
from cnncalc.commands import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from cnncalc.network import Network

TESTS = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write kept texts anew; read each difference")


@pytest.fixture(autouse=True)
def surface_of_messages() -> Iterator[None]:
    """Word messages for the command line, as most tests expect them; tests of the Python API override this."""
    with surface.command_line():
        yield


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run `cnncalc` with arguments, in this process, as in a pipe."""

    def run(*arguments: str, status: int = 0, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(cli, arguments, input=stdin, prog_name="cnncalc")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
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
def spec(tmp_path: Path) -> Callable[[str], Network]:
    """The network of a spec's text."""

    def network(text: str) -> Network:
        path = tmp_path / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        return build.load(str(path))

    return network
