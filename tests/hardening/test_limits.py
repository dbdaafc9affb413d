"""Every limit at its end, below it and above it, and what raises it."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

from cnncalc import limits
from cnncalc.errors import MOST_LISTED, Problem, SpecError, did_you_mean, enumerated, listed
from cnncalc.limits import DOCS, HIGHEST, Limits, Problems
from cnncalc.network import build
from cnncalc.spec.templates import NameTemplate, TemplateReader
from cnncalc.syntax import expressions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

HEAD = "input: [3, 32, 32]\n"


def bytes_(count: int) -> str:
    text = f"{HEAD}layers: [relu] #"
    return text + "x" * (count - len(text))


def values(count: int) -> str:
    # A mapping, its keys and values; input holds 3 more, layers 1, and the list that is not used the rest.
    return f"{HEAD}variables: {{a: [{', '.join(['1'] * (count - 13))}]}}\nlayers: [relu]\n"


def nested(count: int) -> str:
    lists = count - 2
    return f"{HEAD}variables: {{a: {'[' * lists}{']' * lists}}}\nlayers: [relu]\n"


def nested_blocks(count: int) -> str:
    blocks = [f"  b{number}: [b{number + 1}]" for number in range(count - 1)]
    return "\n".join([f"{HEAD}blocks:", *blocks, f"  b{count - 1}: [relu]", "layers: [b0]"])


def filters(expression: str) -> str:
    return f"{HEAD}layers:\n  - conv: ['{expression}', 1]\n"


def path(count: int, above: str = "") -> str:
    name = "x" * (count - len(".b.relu"))
    return f"{HEAD}blocks: {{a: [b], b: [relu]}}\nlayers:\n{above}  - a:\n    name: {name}\n"


def variables(count: int) -> str:
    return f"{HEAD}variables: {{{', '.join(f'v{number}: 1' for number in range(count))}}}\nlayers: [relu]\n"


def listing(count: int, quote: str) -> str:
    return f"{HEAD}variables: {{a: 3, b: {quote}[{', '.join(['a'] * count)}]{quote}}}\nlayers: [relu]\n"


def layers(count: int) -> str:
    return f"{HEAD}layers:\n  - relu:\n    repeat: 9\n" + "  - tanh\n" * (count - 9)


def passes(count: int) -> str:
    return f"{HEAD}layers:\n  - relu\n  - relu:\n    when: false\n    repeat: {count}\n"


MAKERS: dict[str, tuple[int, Callable[[int], str]]] = {
    "bytes": (200, bytes_),
    "values": (40, values),
    "text": (80, lambda count: f"name: {'a' * count}\n{HEAD}layers: [relu]\n"),
    "nesting": (12, nested),
    "nesting of blocks": (12, nested_blocks),
    "name": (20, lambda count: f"{HEAD}layers:\n  - relu:\n    name: {'a' * count}\n"),
    "name, computed": (20, lambda count: f"{HEAD}layers:\n  - relu:\n    name: '{'a' * (count - 1)}{{1 + 1}}'\n"),
    "path": (40, path),
    "path of a copy": (40, lambda count: path(count, above="  - a\n")),
    "variables": (5, variables),
    "expression": (40, lambda count: filters(f"4{' ' * (count - 4)}* 1")),
    "operations": (7, lambda count: filters(f"4{' + 0' * count}")),
    "brackets": (9, lambda count: filters(f"{'(' * (count - 1)}4{')' * (count - 1)}")),
    "exponent": (11, lambda count: filters(f"4 + 1 // 2 ** {count}")),
    "exponent of a number": (11, lambda count: filters(f"4 + 0 // 1e{count}")),
    "number": (1000, lambda count: filters(f"{count} - {count} + 4")),
    "number, computed": (1000, lambda count: filters(f"{count - 1} + 1 - {count} + 4")),
    "list": (20, lambda count: listing(count, "'")),
    "list in YAML": (20, lambda count: listing(count, "")),
    "layers": (10, layers),
    "layers of a repeat": (10, passes),
}


@pytest.mark.parametrize("case", MAKERS)
def test_at_below_and_above(case: str, run: Callable[..., Result]) -> None:
    count, maker = MAKERS[case]
    key = case.partition(" ")[0].rstrip(",")

    def complaint(asked: int, limit: int) -> str:
        """What is said of a spec that asks for so much; nothing where it is fine."""
        status = 2 if asked > limit else 0
        return run("summary", "-", "--limit", f"{key}={limit}", stdin=maker(asked), status=status).stderr

    assert complaint(count - 1, count) == ""
    assert complaint(count, count) == ""
    above = complaint(count + 1, count)
    assert f"raise the limit with `--limit {key}=N`" in above
    assert f"{count:,}" in above
    assert complaint(count + 1, count + 1) == ""


def test_every_limit_has_a_case() -> None:
    """Work and problems are tested below, designs with the sweeps."""
    assert {case.partition(" ")[0].rstrip(",") for case in MAKERS} | {"work", "problems", "designs"} == set(DOCS)
    assert set(Limits._fields) == set(DOCS) | {"outside"}


def test_the_limits_that_the_readme_tells() -> None:
    assert Limits() == (
        10_000_000, 100_000, 10_000, 60, 200, 1_000, 1_000, 1_000, 100, 30, 64, 9_223_372_036_854_775_807, 10_000,
        50_000, 3_000_000, 50, 1_000_000, False,
    )  # fmt: skip


# --- work -----------------------------------------------------------------------------------------------

WORKING = "[1, 2] == [1, 2] and 3 in [1, 2, 3]"


def work_of(text: str) -> int:
    """How much work is taken, with nothing kept from before."""
    expressions._parse.cache_clear()
    limits.restart()
    expressions.parse(text).evaluate({})
    return Limits().work - limits._METER.get().left


def test_work() -> None:
    """22 signs are read and worked out; the lists hold 2, 2 and 3 values, which are compared 2 and 3 times."""
    assert work_of("3 + 4") == 4 + 4
    spent = work_of(WORKING)
    assert spent == 22 + 22 + (2 + 2 + 3) + 2 + 3
    for work, fits in ((spent + 1, True), (spent, True), (spent - 1, False)):
        expressions._parse.cache_clear()
        with limits.using(Limits(work=work)):
            if fits:
                assert expressions.parse(WORKING).evaluate({}) is True
                continue
            with pytest.raises(
                SpecError, match=rf"takes more than {work} operations; raise the limit with `--limit work=N`"
            ):
                expressions.parse(WORKING).evaluate({})


def test_work_runs_out_with_its_place(run: Callable[..., Result]) -> None:
    text = (
        f"{HEAD}variables: {{a: [{'1, ' * 999}1]}}\nlayers:\n  - relu:\n    when: 2 in a\n    repeat: 1000\n  - tanh\n"
    )
    result = run("summary", "-", "--limit", "work=100k", stdin=text, status=2)
    assert result.stderr.startswith("<stdin>:5:11: this takes more than 100,000 operations")
    assert run("summary", "-", "--limit", "work=2M", stdin=text).stdout


def test_each_spec_has_work_of_its_own(tmp_path: Path, run: Callable[..., Result]) -> None:
    """Ten specs that take 60,000 each are below a limit of 100,000."""
    text = f"{HEAD}variables: {{a: [{'1, ' * 99}1]}}\nlayers:\n  - relu:\n    when: 2 in a\n    repeat: 500\n  - tanh\n"
    names = [str(tmp_path / f"{number}.yaml") for number in range(10)]
    for name in names:
        with open(name, "w") as file:
            file.write(text)
    assert run("compare", *names, "--limit", "work=100k").stdout


# --- problems -------------------------------------------------------------------------------------------


def wrong(count: int) -> str:
    return f"{HEAD}layers: [{', '.join(['cnv'] * count)}]\n"


def test_problems_shown(run: Callable[..., Result]) -> None:
    for count, more in ((49, ""), (50, ""), (51, "1 more problem"), (60, "10 more problems")):
        lines = run("summary", "-", stdin=wrong(count), status=2).stderr.splitlines()
        assert len([line for line in lines if "cnv" in line]) == min(count, 50)
        end = [f"... and {more}; show them with --limit problems=all"] if more else []
        assert [line for line in lines if "cnv" not in line] == end
    everything = run("summary", "-", "--limit", "problems=all", stdin=wrong(60), status=2).stderr
    assert everything.count("cnv") == 60
    assert run("summary", "-", "--limit", "problems=3", stdin=wrong(5), status=2).stderr.count("cnv") == 3


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_check_tells_all_that_were_found(form: str, run: Callable[..., Result]) -> None:
    """What it finds goes to a file or a machine."""
    assert run("check", "-", "--format", form, stdin=wrong(60), status=2).stdout.count("'cnv'") == 60


def test_problems_that_are_looked_for() -> None:
    problems = Problems()
    for number in range(500):
        problems.append(Problem(None, str(number)))
    with pytest.raises(SpecError) as caught:
        problems.append(Problem(None, "500"))
    assert len(caught.value.problems) == 502
    assert caught.value.problems[-1].message == "more than 500 problems; the rest is not checked"
    with limits.using(Limits(problems=600)):
        problems = Problems()
        for number in range(600):
            problems.append(Problem(None, str(number)))


# --- the option -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("layer=3", "unknown limit 'layer'; did you mean 'layers'?"),
        ("zzz=3", f"unknown limit 'zzz'; the limits are {', '.join(DOCS)}"),
        ("layers", "'layers' is not LIMIT=N; write, for example, layers=200_000"),
        ("layers=", "'' is not a whole number from 1; write layers=100000"),
        ("layers=0", "'0' is not a whole number from 1; write layers=100000"),
        ("layers=-1", "'-1' is not a whole number from 1"),
        ("layers=1.5", "'1.5' is not a whole number from 1"),
        ("layers=all", "'all' is not a whole number from 1"),
        ("nesting=201", "'201' is not a whole number from 1 to 200; write nesting=120"),
        ("number=10000000000000000000000000000001", "' is not a whole number from 1 to 1,000,000,"),
        (f"layers={'9' * 100}", "is not a whole number from 1"),
        ("=3", "unknown limit ''"),
    ],
)
def test_limits_that_are_none(given: str, message: str, run: Callable[..., Result]) -> None:
    words = " ".join(run("summary", "vgg16", "--limit", given, status=2).stderr.split())
    assert message in words


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("200_000", 200_000), ("200,000", 200_000), ("2k", 2000), ("1M", 10**6), (" 7 ", 7)]
)
def test_numbers_as_people_write_them(text: str, value: int) -> None:
    assert limits.parse("layers", text) == value


def test_all_problems() -> None:
    assert limits.parse("problems", "all") == sys.maxsize


def test_limits_hold_as_long_as_the_command(run: Callable[..., Result]) -> None:
    run("summary", "lenet5", "--limit", "layers=7", "--limit", "text=9k", "--allow-outside", "--limit", "layers=70")
    assert limits.current() == Limits()


# What some commands need to read all of a spec.
OPTIONS = {"show": ("--expand",), "export": ("--to", "netron")}


@pytest.mark.parametrize(
    "command",
    [
        "summary",
        "show",
        "explain",
        "export",
        "field",
        "sharing",
        "memory",
        "reconcile",
        "draw",
        "report",
        "compare",
        "check",
        "lint",
        "diff",
    ],
)
def test_every_command_that_reads_specs_takes_it(command: str, tmp_path: Path, run: Callable[..., Result]) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(f"name: {'a' * 100}\n{HEAD}layers: [relu]\n")
    arguments = [command, *[str(spec)] * (2 if command == "diff" else 1), *OPTIONS.get(command, ())]
    result = run(*arguments, "--limit", "text=99", status=2)
    assert "is longer than 99 characters" in result.output
    assert run(*arguments, "--limit", "text=100").exit_code == 0


def test_from_python(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(bytes_(200))
    with limits.using(Limits(bytes=199)), pytest.raises(SpecError, match="larger than 199 bytes"):
        build.load(str(spec))
    assert build.load(str(spec)).layers


# --- as high as they go -----------------------------------------------------------------------------------


def test_the_highest_limits_are_within_what_python_can_do(run: Callable[..., Result]) -> None:
    """No recursion ends in a RecursionError: deep expressions at the bottom of deep blocks."""
    options = [word for key, most in HIGHEST.items() for word in ("--limit", f"{key}={most}")]
    deep = f"{'(' * 98}4{' + 0' * 900}{')' * 98}"
    signed = f"{'-' * 98}4{' + 8' * 1}"
    for expression in (deep, signed, f"{'2 ** (1 + 0 * (' * 45}1{'))' * 45}", "4 if true else " * 98 + "4"):
        text = nested_blocks(190).replace("[relu]", f"[conv: ['{expression}', 1]]")
        result = run("summary", "-", *options, "--limit", "expression=10k", stdin=text)
        assert "conv" in result.stdout
    inner = "relu"
    for _ in range(60):
        inner = f"{{layers: [{{add: [[{inner}], []]}}]}}"
    assert "nested" in run("summary", "-", stdin=f"{HEAD}layers: [{inner}]", status=2).stderr


def test_limits_end_with_the_run_however_it_ends(run: Callable[..., Result]) -> None:
    """Also where another option is wrong, so that nothing is run; and what is left over puts nothing back later."""
    for arguments, status in ((("lenet5", "--format", "nope"), 2), (("nope",), 2), (("lenet5",), 0)):
        run("summary", *arguments, "--limit", "layers=100", "--allow-outside", status=status)
        assert limits.current() == Limits()
    with limits.using(Limits(layers=7)):
        abandoned = limits.using(Limits(layers=3))
        abandoned.__enter__()
        limits.using(Limits(layers=5)).__enter__()
        del abandoned
        gc.collect()
        assert limits.current().layers == 5
    assert limits.current() == Limits()


def test_limits_as_a_decorator() -> None:
    @limits.using(Limits(layers=3))
    def layers(times: int) -> list[int]:
        return [limits.current().layers, *(layers(times - 1) if times else [])]

    assert layers(3) == [3] * 4
    assert limits.current() == Limits()


# --- what would take for ever ------------------------------------------------------------------------------


def test_names_are_matched_in_time_that_grows_with_them() -> None:
    """As a pattern of regular expressions, .* for each computed part would take for ages."""
    reader = TemplateReader(Problems(), {"index"})
    template = reader.name(_scalar("a" + "{index}a" * 60 + "!".replace("!", "b")), "name")
    assert isinstance(template, NameTemplate)
    assert not template.may_be("a" * 200)
    assert template.may_be("x." + "a" * 61 + "b.y")


@pytest.mark.parametrize(
    ("name", "of", "fits"),
    [
        ("a", "a", True),
        ("a", "x.a.y", True),
        ("a", "xa.y", False),
        ("a", "x.ay", False),
        ("a_{index}", "a_3", True),
        ("a_{index}", "stem.a_3.conv", True),
        ("a_{index}", "b_3", False),
        ("{index}", "anything", True),
        ("{index}_b_{index}", "1_b_2", True),
        ("{index}_b_{index}", "1_c_2", False),
        ("a{index}a", "aa", True),
        ("a{index}a", "a", False),
    ],
)
def test_names_that_may_be(name: str, of: str, fits: bool) -> None:
    template = TemplateReader(Problems(), {"index"}).name(_scalar(name), "name")
    assert template is not None
    assert template.may_be(of) == fits


def _scalar(text: str) -> object:
    from cnncalc.errors import Span
    from cnncalc.syntax.source import Scalar

    return Scalar(text, False, Span("f", 1, 1))


def test_very_many_names_are_not_compared_one_by_one() -> None:
    names = [f"layer_{number}" for number in range(100_000)]
    for _ in range(100):
        assert did_you_mean("layer_12x", names).startswith("did you mean 'layer_12")
    assert did_you_mean("ab" * 5_000, ["ba" * 5_000], "nothing") == "nothing"


def test_few_names_are_compared_as_always() -> None:
    assert did_you_mean("conf", ["conv", "cons", "pool"]) == "did you mean 'conv' or 'cons'?"
    assert did_you_mean("max_pol", ["max_pool", "avg_pool"]) == "did you mean 'max_pool'?"
    assert did_you_mean("zzz", ["conv"], "else") == "else"


def test_of_very_many_names_only_some_are_listed() -> None:
    names = [f"n{number}" for number in range(MOST_LISTED + 1)]
    assert listed(names[:-1]).endswith("n28 and n29")
    assert listed(names).endswith("n10, n11 and 19 more")
    assert enumerated(names[:-1]).endswith("n28, n29")
    assert enumerated(names).endswith("n10, n11, ... and 19 more")


def test_lists_of_lists_of_lists(run: Callable[..., Result]) -> None:
    """Each holds the one before it twice: 2 ** 60 numbers, if any of them were ever looked at."""
    lines = [f"  v{number}: '[v{number - 1}, v{number - 1}]'" for number in range(1, 60)]
    text = "\n".join([HEAD.strip(), "variables:", "  v0: [1, 1]", *lines, "layers:", "  - conv: [v59, 1]"])
    result = run("summary", "-", stdin=text, status=2)
    assert "the list holds more than 10,000 values" in result.stderr


def test_a_message_shows_the_beginning_of_a_long_value() -> None:
    many = tuple(tuple(tuple(range(100, 200)) for _ in range(100)) for _ in range(100))
    text = expressions.describe(many)  # type: ignore[arg-type]
    assert len(text) == 200
    assert text.startswith("[[[100, 101, 102,")
    assert expressions.describe((1, (2, (3, (4, 5))))) == "[1, [2, [3, [...]]]]"


@pytest.mark.parametrize(
    "text", ["1" * 900 + "x", "1_" * 450 + "x", "9" * 300 + "." + "9" * 300 + "x", ".1e" + "1" * 500]
)
def test_numbers_are_read_in_time_that_grows_with_them(text: str) -> None:
    for _ in range(2_000):
        with pytest.raises(expressions.ExpressionError):
            expressions.parse(text)
