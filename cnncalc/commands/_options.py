"""Common options of the commands, and their way of reading and writing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from cnncalc import limits
from cnncalc.errors import Problem, SpecError, did_you_mean, listed, plural
from cnncalc.layers.shapes import DTYPES
from cnncalc.plots import FORMATS
from cnncalc.text import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from cnncalc.analyses.recount import Counting
    from cnncalc.checks.finding import Outcome, Severity
    from cnncalc.formats.document import Document
    from cnncalc.formats.table import Table
    from cnncalc.network.records import LayerGraph
    from cnncalc.plots.figures import Picture
    from cnncalc.spec.config import Config, ConfigsInGit

Command = TypeVar("Command", bound=Callable[..., Any])

UNUSABLE = 2
WIDEST_TEXT = 100
# The most characters that a message about fonts names.
MOST_LACKING = 20
JSON = f"{__name__}.json"
# Kinds of files that are written directly, because they cannot be replaced.
DEVICES = ("/dev/", "/proc/")


class Unwritable(click.FileError):
    """An output file that cannot be written."""

    exit_code = UNUSABLE


class SpecArgument(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """A spec's file or a bundled network's name; shells complete both."""

    name = "spec"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:

        from cnncalc.commands import _completers

        return _completers.specs(incomplete)


class WordList(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """Words of a known set, separated by commas; shells complete each of them."""

    def __init__(self, known: tuple[str, ...], noun: str) -> None:
        self.known = known
        self.name = noun

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return f"{self.name.upper()}[,...]"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:

        from cnncalc.commands import _completers

        return _completers.in_list((*self.known, "all"), incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if not isinstance(value, str):
            return tuple(value)
        words = tuple(word.strip() for word in value.split(","))
        if words == ("all",):
            return self.known
        for word in words:
            if word not in self.known:
                hint = did_you_mean(word, self.known, f"choose from {', '.join(self.known)}")
                self.fail(f"unknown {self.name} {word!r}; {hint}", param, ctx)
        return words


class Depth(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """A number of levels, or all."""

    name = "N|all"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:

        from cnncalc.commands import _completers

        return _completers.words(["all"], incomplete)

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "all":
            from cnncalc.reports.network_table import ALL

            return ALL
        if isinstance(value, int) or (value.isdecimal() and len(value) < 10 and int(value) > 0):
            return int(value)
        return self.fail(f"{value!r} is not a number of levels; write a whole number from 1, or all", param, ctx)


class KeyValue(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """KEY=VALUE; with `bare`, VALUE alone has an empty key."""

    def __init__(self, name: str, example: str, *, bare: bool = False) -> None:
        self.name = name
        self.example = example
        self.bare = bare

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if not isinstance(value, str):
            key, text = value
            return key, text
        key, equals, text = value.partition("=")
        if equals and key.strip():
            return key.strip(), text
        if self.bare and not equals:
            return "", value
        return self.fail(f"{value!r} is not {self.name}; write, for example, {self.example}", param, ctx)


class PlotFile(click.Path):
    """The file of a plot; the suffix selects the format."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).lower().endswith(tuple(f".{form}" for form in FORMATS)):
            suffixes = listed([f".{form}" for form in FORMATS], "or")
            self.fail(f"the file name {str(value)!r} must end with {suffixes}", param, ctx)
        return super().convert(value, param, ctx)


class LimitOption(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """LIMIT=N, one of the limits of a spec; shells complete them."""

    name = "LIMIT=N"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:

        from cnncalc.commands import _completers

        return _completers.keys(limits.DOCS, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if not isinstance(value, str):
            key, number = value
            return key, number
        key, equals, text = (part.strip() for part in value.partition("="))
        if not equals:
            self.fail(f"{value!r} is not LIMIT=N; write, for example, layers=200_000", param, ctx)
        try:
            return key, limits.parse(key, text)
        except SpecError as error:
            return self.fail(str(error), param, ctx)


def completer(name: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """The function with this name in _completers, which is imported only for completion."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:

        from cnncalc.commands import _completers

        found: list[CompletionItem] = getattr(_completers, name)(context, parameter, incomplete)
        return found

    return complete


def _with_limits(context: click.Context, _: click.Parameter, given: tuple[tuple[str, int], ...]) -> None:
    """Set the limits for the duration of the command."""
    changed: dict[str, Any] = dict(given)
    context.with_resource(limits.using(limits.current()._replace(**changed)))


def _with_outside(context: click.Context, _: click.Parameter, allowed: bool) -> None:  # noqa: FBT001 - as click calls
    if allowed:
        context.with_resource(limits.using(limits.current()._replace(outside=True)))


def bounds_options(command: Command) -> Command:
    """The options of all commands that read specs: limits, and files outside the folder.

    Both apply for the duration of the command, which need not pass them on.
    """
    limit = click.option(
        "--limit",
        multiple=True,
        type=LimitOption(),
        expose_value=False,
        callback=_with_limits,
        help="Raise or lower a limit of specs, such as layers=200_000; may be repeated. `cnncalc help` lists them.",
    )
    outside = click.option(
        "--allow-outside",
        is_flag=True,
        expose_value=False,
        callback=_with_outside,
        help="Allow specs to extend files in other folders, links to lead there, and baselines in a git submodule.",
    )
    return limit(outside(command))


spec_argument = click.argument("spec", type=SpecArgument())
set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    type=KeyValue("NAME=VALUE", "classes=10"),
    shell_complete=completer("variables"),
    help="Set a variable of the spec; may be repeated.",
)
input_option = click.option(
    "--input",
    "inputs",
    multiple=True,
    type=KeyValue("[NAME=]CxHxW", "3x224x224", bare=True),
    help="Override the input shape, such as 3x320x320; with NAME= if there are several inputs.",
)
batch_option = click.option(
    "--batch",
    type=click.IntRange(1, 10**9),
    default=1,
    metavar="N",
    help="Count operations and activations for a batch of N samples.",
)
dtype_option = click.option(
    "--dtype", type=click.Choice(list(DTYPES)), default="float32", help="Number type for sizes in bytes."
)
config_option = click.option(
    "--config", type=click.Path(), help="Use this cnncalc.yaml instead of the nearest one above."
)
no_config_option = click.option("--no-config", is_flag=True, help="Ignore every cnncalc.yaml.")
output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Write to this file instead of standard output."
)
quiet_option = click.option(
    "-q", "--quiet", is_flag=True, help="Show only errors and warnings, and nothing if there are none (text only)."
)
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="When to use color; auto: on a terminal. FORCE_COLOR and NO_COLOR are respected.",
)


def columns_option(keys: Iterable[str], default: Iterable[str] = (), note: str = "") -> Callable[[Command], Command]:
    """The option for the columns of a table; without a default the report chooses."""
    known = tuple(keys)
    words = f"Columns to show: {', '.join(known)}, or all.{note}"
    return click.option("--columns", type=WordList(known, "column"), default=",".join(default) or (), help=words)


def convention_option(command: Command) -> Command:
    """The option to count as another tool does."""
    from cnncalc.analyses import conventions

    words = "Count operations and parameters as this tool or paper does; `cnncalc reconcile` explains the differences."
    keys = click.Choice(conventions.keys())
    return click.option(
        "--convention", type=keys, default=None, metavar="NAME", help=f"{words} {', '.join(keys.choices)}."
    )(command)


def counting(name: str | None, spec: str) -> Counting | None:
    """The convention of the option, for the network of a SPEC."""
    if name is None:
        return None
    from cnncalc import bundled
    from cnncalc.analyses.recount import Counting

    return Counting(name, bundled.find_name(spec))


def select_counted(
    context: click.Context, name: str, columns: tuple[str, ...], known: Collection[str]
) -> tuple[str, ...]:
    """The columns of a table without those that a convention has no figures for.

    Raises UsageError if one of them was chosen with --columns or --sort.
    """
    from cnncalc.analyses import conventions
    from cnncalc.reports.conventions import explain_column

    convention = conventions.find(name)
    is_given = {
        option: context.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE
        for option in ("columns", "sort")
    }
    chosen = columns if is_given["columns"] and len(columns) < len(known) else ()
    sorted_by = (str(context.params["sort"]),) if is_given["sort"] else ()
    for option, keys in (("columns", chosen), ("sort", sorted_by)):
        for key in keys:
            if reason := explain_column(key, convention):
                raise click.UsageError(f"--{option} {key}: {reason}")
    return tuple(key for key in columns if not explain_column(key, convention))


def depth_option(
    words: str = "Show N levels of blocks: 1 folds every block, all unfolds every one.",
) -> Callable[[Command], Command]:
    return click.option("--depth", type=Depth(), default=0, help=words, metavar="N|all")


def plot_option(words: str) -> Callable[[Command], Command]:
    metavar = f"FILE.{'|'.join(FORMATS)}"
    return click.option("--plot", type=PlotFile(dir_okay=False), default=None, metavar=metavar, help=words)


def need_matplotlib() -> None:
    """End with status 2 before computing anything if matplotlib is missing."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        hint = "install it with `pip install 'cnncalc[plot]'`"
        fail(SpecError([Problem(None, "--plot needs matplotlib, which is not installed", hint)]))


def language_option(command: Command) -> Command:
    from cnncalc.languages import LANGUAGES

    languages = click.Choice(LANGUAGES)
    return click.option("--language", type=languages, default=LANGUAGES[0], help="Language of the report.")(command)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """The options --format and --json."""
    form = click.option(
        "-f",
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        callback=_with_json,
        help="Output format.",
        show_default=True,
    )
    json = click.option(
        "--json",
        is_flag=True,
        # Eager options are read first, in any order.
        is_eager=True,
        expose_value=False,
        callback=_remember_json,
        help="Short for --format json.",
    )

    def options(command: Command) -> Command:
        return form(json(command))

    return options


def _remember_json(context: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - as click calls
    context.meta[JSON] = asked


def _with_json(context: click.Context, parameter: click.Parameter, form: str) -> str:
    """The format selected by --format or --json."""
    if not context.meta.get(JSON):
        return form
    given = context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
    if given and form != "json":
        raise click.UsageError(f"--json and --format {form} are mutually exclusive; use one of them")
    return "json"


def load(spec: str, settings: Iterable[tuple[str, str]], inputs: Iterable[tuple[str, str]]) -> LayerGraph:
    """The network of a spec. Writes problems and ends with status 2."""
    from cnncalc.network import build

    try:
        return build.load(spec, settings, inputs)
    except SpecError as error:
        fail(error)


def fail(error: SpecError) -> NoReturn:
    """Write the problems to standard error and end with status 2."""
    most = limits.current().problems
    for problem in error.problems[:most]:
        click.echo(plain(str(problem)), err=True)
    more = len(error.problems) - most
    if more > 0:
        click.echo(f"... and {plural(more, 'more problem')}; show them with --limit problems=all", err=True)
    raise SystemExit(UNUSABLE) from None


def write_report(
    report: Callable[[], Table | Document],
    form: str,
    output: str | None,
    *,
    record: Callable[[], object] | None = None,
    color: str = "never",
    ascii_only: bool = False,
) -> None:
    """Write a report in a format: a record as JSON, else a table or a document.

    Only the parts that the format needs are computed. Formulas and frames are ASCII if `ascii_only`, or if the output
    cannot encode other characters.
    """
    from cnncalc import formats
    from cnncalc.formats.table import Table

    if form == "json" and record is not None:
        from cnncalc.formats import records

        write_lines(records.write(record()), output)
        return
    made = report()
    if form not in ("table", "text"):
        write_lines(formats.write(made, form), output)
    elif isinstance(made, Table):
        from cnncalc.formats import terminal

        table = made
        _write(lambda file: terminal.write(table, file, color=color), output)
    else:
        from cnncalc.formats import plain_text

        ascii_only = ascii_only or not takes_unicode(output)
        write_lines(plain_text.write(made, text_width(output), ascii_only=ascii_only), output)


def write_lines(lines: Iterable[str], output: str | None) -> None:
    """Write lines unchanged, without wrapping and styles."""
    _write(lambda file: file.writelines(f"{line}\n" for line in lines), output)


def _write(write: Callable[[IO[str]], None], output: str | None) -> None:
    """Write to a file, or to standard output if there is none."""
    if output is None:
        write(sys.stdout)
    else:
        _write_file(output, write)


def write_plot(path: str, draw: Callable[[str], Picture]) -> None:
    """Write a plot, drawn in the format of the file's suffix, and report characters that no installed font has."""
    try:
        picture = draw(path.lower().rpartition(".")[2])
    except SpecError as error:
        fail(error)
    write_bytes(path, picture.data)
    if picture.lacking:
        some = plain(picture.lacking[:MOST_LACKING])
        advice = "install a font with them, such as Noto Sans CJK, or write an SVG"
        click.echo(
            f"{plain(path)}: no installed font has {some}: drawn as \N{REPLACEMENT CHARACTER}; {advice}", err=True
        )


def write_bytes(path: str, data: bytes) -> None:
    """Write a binary file, such as a plot."""
    _write_file(path, lambda file: file.buffer.write(data))  # type: ignore[attr-defined]


def config(path: str | None, *, no_config: bool = False) -> Config:
    """The configuration of a file, else of the nearest one, else an empty one. Raises SpecError."""
    from cnncalc.spec import config as configuration

    if no_config and path is not None:
        raise click.UsageError("--config and --no-config are mutually exclusive; use one of them")
    found = None if no_config else path or configuration.find()
    return configuration.read(found) if found else configuration.EMPTY


def config_in_git(used: Config, path: str | None, *, no_config: bool) -> ConfigsInGit | None:
    """The configuration at git revisions, None if none is used; `path` is that of --config."""
    from cnncalc.spec.config import ConfigsInGit

    return None if no_config else ConfigsInGit(used, path)


def configured(config: Config) -> tuple[str, ...]:
    """The specs of the configuration, for a command without SPEC. Raises SpecError."""
    from cnncalc.spec.config import specs_of

    if not config.file:
        raise click.UsageError("name a SPEC, or list specs in a cnncalc.yaml")
    if not config.entries:
        raise click.UsageError(f"{config.file} lists no specs; name a SPEC")
    return specs_of(config)


def only_configured(config: Config, specs: Iterable[str]) -> tuple[str, ...]:
    """The specs that the configuration names. Raises a usage error if it names none."""
    from cnncalc.spec.config import entries_of

    if not config.entries:
        raise click.UsageError("--only-configured needs a cnncalc.yaml that lists specs")
    return tuple(spec for spec in specs if entries_of(config, spec))


def write_findings(
    outcomes: Sequence[Outcome], form: str, output: str | None, color: str, shown: Sequence[Severity] | None = None
) -> None:
    """Write the findings of specs in a format; text has only those with the severities `shown`."""
    from importlib import import_module

    if form != "text":
        write_lines(import_module(f"cnncalc.formats.findings.{form}").write(outcomes), output)
        return
    from cnncalc.formats import terminal
    from cnncalc.formats.findings import text

    def write(file: IO[str]) -> None:
        terminal.write_lines(text.layout(outcomes, terminal.width_of(file), shown), file, color=color)

    _write(write, output)


def append_lines(lines: Iterable[str], path: str) -> None:
    """Append lines to a file, completely or not at all; existing bytes do not change."""
    before = b""
    try:
        # A device has no content to keep.
        if os.path.isfile(path):
            with open(path, "rb") as file:
                before = file.read()
    except OSError as error:
        raise Unwritable(path, error.strerror or str(error)) from None
    end = "\r\n" if before.endswith(b"\r\n") else "\n"
    start = end if before and not before.endswith((b"\n", b"\r")) else ""

    def write(file: IO[str]) -> None:
        file.buffer.write(before)  # type: ignore[attr-defined]
        file.write(start)
        file.writelines(f"{line}{end}" for line in lines)

    _write_file(path, write)


def text_width(output: str | None) -> int:
    """The width of prose: that of the terminal, up to a readable width; 80 in a file."""
    if output is not None or not sys.stdout.isatty():
        return 80
    import shutil

    return min(shutil.get_terminal_size().columns, WIDEST_TEXT)


def takes_unicode(output: str | None) -> bool:
    """Whether the output can encode characters beyond ASCII; files written here can."""
    return output is not None or "utf" in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()


def check_output(path: str) -> bool:
    """Whether an output is written directly, because it cannot be replaced. Raises Unwritable for links and specs.

    Links are refused: their target was not named, and replacing the link would be a surprise.
    """
    if any(_is_same(path, spec) for spec in _specs_named()):
        raise Unwritable(path, "this is the spec itself; name another file")
    if path.startswith(DEVICES) or (os.path.exists(path) and not os.path.isfile(path)):
        return True
    if os.path.islink(path):
        raise Unwritable(path, f"this is a link to {os.readlink(path)}; name that file")
    return False


def _write_file(path: str, write: Callable[[IO[str]], None]) -> None:
    """Write a file completely or not at all: to a temporary file beside it, which then replaces it."""
    try:
        if check_output(path):
            with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                write(file)
        else:
            _replace_file(path, write)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unwritable(path, error.strerror or str(error)) from None


def _replace_file(path: str, write: Callable[[IO[str]], None]) -> None:
    import tempfile
    from contextlib import suppress

    handle, beside = tempfile.mkstemp(prefix=".cnncalc-", dir=os.path.dirname(os.path.abspath(path)))
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            write(file)
        os.chmod(beside, file_mode(path))
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def file_mode(path: str) -> int:
    """The permissions of a new file: those of the one that it replaces, if there is one."""
    return os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o666 & ~_umask()


def _specs_named() -> Iterator[str]:
    """The specs given to the command."""
    context = click.get_current_context(silent=True)
    for parameter in context.command.params if context else ():
        if isinstance(parameter.type, SpecArgument) and parameter.name and context:
            value = context.params.get(parameter.name)
            yield from (value,) if isinstance(value, str) else value or ()


def _is_same(path: str, other: str) -> bool:
    return os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
