"""What holds for files of other programs: the valid ones read as they are, and the broken ones have clear problems."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from fuzz.choices import Choices, replayed
from fuzz.command_lines import invoke
from fuzz.invariants import noted, same
from fuzz.judging import verdict
from fuzz.model_formats import FORMATS, ModelFormat
from fuzz.models import figures, make_net
from fuzz.mutations import BYTES
from hardening import hostile

from cnncalc.analyses.totals import totals
from cnncalc.network.build import load
from cnncalc.network.records import LayerGraph

WORD = re.compile(rb"\w+|\s+|[^\w\s]")
NUMBERS = (
    *(b"0", b"-1", b"1", b"2", b"7", b"65537", b"1000000", b"1000001", b"999999999", b"1000000000", b"2147483648"),
    *(b"9223372036854775807", b"9" * 40, b"1e9", b"1e999", b"0x10", b"3.0", b".5", b"-0", b"1,2", b"NaN", b"1_000"),
)
SIZES = (
    *("3x8x8", "3x8", "8", "3x8x8x8", "1x1x1", "1x1", "3x0x8", "8x8x3", "1x2x3x4x5", "99999x9x9", "9" * 15),
    *("3x" + "9" * 18, "x".join("3" * 16), "x".join("3" * 17), "3xHxW", ""),
)
LARGEST_REAL = 30_000
NESTED = (b"[", b"{", b'{"a":', b"a {", b"<", b"(", b'[{"class_name":', b"\n[net]", b"layer {", b'"config": {')
# What reading a file must never do; the import of a module that is loaded late is no such thing.
FORBIDDEN = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen", "socket.connect", "socket.getaddrinfo"),
    *("pickle.find_class", "urllib.Request", "ctypes.dlopen", "os.remove", "os.rename", "os.mkdir", "tempfile.mkstemp"),
)
COMMANDS = (
    ["summary", "--format", "text"], ["summary", "--format", "json"], ["summary", "--format", "csv"],
    ["summary", "--format", "markdown"], ["summary", "--format", "latex"], ["summary", "--format", "html"],
    ["explain", "--format", "text"], ["explain", "--format", "html"], ["explain", "--format", "markdown"],
    ["check", "--max", "params=1", "--format", "github"], ["check", "--max", "params=1", "--format", "junit"],
    ["check", "--max", "params=1", "--format", "sarif"], ["check", "--max", "params=1", "--format", "text"],
    ["lint", "--format", "markdown"], ["sharing", "--format", "text"], ["field", "--format", "text"],
    ["compare", "--format", "markdown"], ["show", "--expand"], ["import"],
)  # fmt: skip


def plain_name(number: int) -> str:
    return f"layer{number}"


def other_name(number: int) -> str:
    return f"{'abcdefghij'[9 - number % 10]}/{number * 7919 % 101}"


def any_format(choices: Choices) -> ModelFormat:
    return choices.pick(tuple(FORMATS.values()))


# --- valid files ----------------------------------------------------------------------------------


def judge_model(choices: Choices, folder: Path) -> str:
    """A valid file has the figures of its network, and so have its expansion, its import, and one of other names."""
    kind, net = any_format(choices), make_net(choices)
    before = len(choices.made)
    data = kind.write(net, plain_name, choices)
    written = choices.made[before:]
    try:
        network = read(kind, data, folder)
        counted = totals(network)
        expected = figures(net, folds=kind.folds)
        same((counted.params, counted.buffers, counted.macs), tuple(expected), "parameters, buffers and MACs")
        shapes = {squeezed(layer.output_shape) for layer in network.layers}
        missing = [layer for layer in net.layers if squeezed(layer.shape) not in shapes]
        same(missing, [], "layers whose shapes are missing")
        result = invoke(["show", "--expand", str(folder / f"model{kind.suffix}")])
        path = folder / "expanded.yaml"
        path.write_text(result.stdout, encoding="utf-8")
        same(layers_of(load(str(path)), named=True), layers_of(network, named=True), "the expansion")
        path.write_text(invoke(["import", str(folder / f"model{kind.suffix}")]).stdout, encoding="utf-8")
        imported = totals(load(str(path)))
        same((imported.params, imported.buffers, imported.macs), tuple(expected), "the imported spec")
        renamed = read(kind, kind.write(net, other_name, replayed(written)), folder)
        same(layers_of(renamed), layers_of(network), "the network with other names")
    except Exception as error:
        noted(error, f"--- of the file\n{kind.text(data)!r}")
        raise
    return kind.suffix


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without axes of one position: a reader may join a global pool and a flattening."""
    return tuple(size for size in shape if size != 1)


def read(kind: ModelFormat, data: bytes, folder: Path) -> LayerGraph:
    path = folder / f"model{kind.suffix}"
    path.write_bytes(data)
    return load(str(path))


def layers_of(network: LayerGraph, *, named: bool = False) -> list[tuple[Any, ...]]:
    """What each layer is; without names, also where inputs come from is left out."""
    return [
        (
            *((layer.name, layer.inputs, layer.weights_from) if named else ()),
            layer.figures.type,
            layer.input_shapes,
            layer.output_shape,
            (layer.params, layer.buffers, layer.macs, layer.flops),
        )
        for layer in network.layers
    ]


# --- broken files ---------------------------------------------------------------------------------


def judge_broken_model(choices: Choices, folder: Path) -> str:
    """A broken file is a network or has problems, and nothing else happens."""
    kind = any_format(choices)
    data = bent_model(kind, choices)
    path = folder / f"broken{kind.suffix}"
    path.write_bytes(data)
    sizes = [] if choices.chance(60) else [(choices.pick(("", "", "data", "input")), choices.pick(SIZES))]
    try:
        with nothing_but_reading(str(path)):
            return verdict(str(path), kind.text(data), (), sizes)
    except Exception as error:
        noted(error, f"--- of the file {kind.suffix} with {sizes}\n{kind.text(data)[:20_000]!r}")
        raise


def judge_hostile_names(choices: Choices, folder: Path) -> str:
    """Names that act on terminals, browsers, spreadsheets or CI are escaped by each command in each format."""
    kind, net = any_format(choices), make_net(choices)
    bad = choices.pick(tuple(hostile.STRINGS.values())).encode(errors="surrogatepass").decode(errors="replace")
    data = kind.write(net, lambda number: f"{bad}{number}" if number % 2 else f"{number}{bad}", choices)
    if choices.chance(30):
        data = data.replace(b"relu", bad.encode()).replace(b"conv", bad.encode())
    path = folder / f"named{kind.suffix}"
    path.write_bytes(data)
    words = choices.pick(COMMANDS)
    try:
        result = invoke([words[0], str(path), *words[1:]])
        same(result.exit_code in (0, 1, 2), True, "a status")
        hostile.check_log(result.stderr)
        if result.stdout and words[0] not in ("show", "import"):
            hostile.CHECKS[words[-1]](result.stdout)
    except Exception as error:
        noted(error, f"--- cnncalc {words} of the file {kind.suffix}\n{data!r}")
        raise
    return f"{words[0]} ends with {result.exit_code}"


def bent_model(kind: ModelFormat, choices: Choices) -> bytes:
    """A file of a format with some of its bytes or words changed: a made one, or a real one where there are some."""
    found = real_files(kind.suffix)
    data = choices.pick(found) if found and choices.chance(30) else kind.write(make_net(choices), plain_name, choices)
    bends: tuple[Callable[[bytes, Choices], bytes], ...] = BYTES
    if not kind.is_binary:
        bends = (*BYTES, *WORDS, *WORDS, *WORDS, lambda old, some: put_piece(old, some, kind.pieces))
        bends = (*bends, *bends[-1:] * 10)
    for _ in range(choices.weighted(((6, 1), (3, 2), (1, 6)))):
        data = choices.pick(bends)(data, choices)
    return data


@lru_cache
def real_files(suffix: str) -> tuple[bytes, ...]:
    """The smaller files of a format below the folder that CNNCALC_REAL_FILES names."""
    folder = os.environ.get("CNNCALC_REAL_FILES")
    paths = sorted(Path(folder).rglob(f"*{suffix}")) if folder else []
    return tuple(sorted((path.read_bytes() for path in paths if path.stat().st_size < LARGEST_REAL), key=len))


def put_piece(data: bytes, choices: Choices, pieces: tuple[bytes, ...]) -> bytes:
    """A piece of the language between two words, or in place of some; often at the end."""
    words = WORD.findall(data)
    at = len(words) if choices.chance(40) else choices.integer(0, len(words))
    return b"".join((*words[:at], choices.pick(pieces), *words[at + choices.pick((0, 0, 1, 5)) :]))


def drop_words(data: bytes, choices: Choices) -> bytes:
    words = WORD.findall(data)
    at = choices.integer(0, len(words))
    return b"".join((*words[:at], *words[at + choices.pick((1, 2, 5, 30)) :]))


def swap_words(data: bytes, choices: Choices) -> bytes:
    words = WORD.findall(data) or [b""]
    one, other = (choices.integer(0, len(words) - 1) for _ in "ab")
    words[one], words[other] = words[other], words[one]
    return b"".join(words)


def repeat_words(data: bytes, choices: Choices) -> bytes:
    words = WORD.findall(data)
    at = choices.integer(0, len(words))
    part = words[at : at + choices.pick((1, 3, 20, 100))]
    return b"".join((*words[:at], *part * choices.pick((2, 3, 50)), *words[at:]))


def other_number(data: bytes, choices: Choices) -> bytes:
    """One number of the file, or all that are alike, as another."""
    found = sorted(set(re.findall(rb"\b[0-9]+\b", data)))
    if not found:
        return data
    count = choices.pick((1, 1, 0))
    return re.sub(rb"\b%s\b" % choices.pick(found), choices.pick(NUMBERS), data, count=count)


def other_word(data: bytes, choices: Choices) -> bytes:
    """One word of the file, wherever it stands, as another of its words."""
    found = sorted(set(re.findall(rb"[A-Za-z_]\w*", data)))
    if not found:
        return data
    new = choices.pick(found)
    return re.sub(rb"\b%s\b" % choices.pick(found), new, data, count=choices.pick((1, 0)))


def hostile_word(data: bytes, choices: Choices) -> bytes:
    new = choices.pick(tuple(hostile.STRINGS.values())).encode("utf-8", "surrogatepass")
    words = WORD.findall(data) or [b""]
    words[choices.integer(0, len(words) - 1)] = new
    return b"".join(words)


def nest(data: bytes, choices: Choices) -> bytes:
    words = WORD.findall(data)
    at = choices.integer(0, len(words))
    return b"".join((*words[:at], choices.pick(NESTED) * choices.pick((3, 70, 3_000)), *words[at:]))


def lengthen_word(data: bytes, choices: Choices) -> bytes:
    words = WORD.findall(data) or [b""]
    at = choices.integer(0, len(words) - 1)
    words[at] = choices.pick((words[at], b"a", b"9", b"-", b"\xc3\xa9", b"\\", b'"')) * choices.pick((99, 9_999, 10**6))
    return b"".join(words)[: 2 * 10**6]


WORDS = (
    drop_words,
    swap_words,
    repeat_words,
    other_number,
    other_number,
    other_word,
    hostile_word,
    nest,
    lengthen_word,
)

# --- side effects ---------------------------------------------------------------------------------

_watched: list[str] = []
_seen: list[str] = []
_hooked: list[bool] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched:
        return
    if event in FORBIDDEN:
        _seen.append(f"{event} {arguments!r}"[:300])
    elif event == "open" and isinstance(arguments[0], str) and not _may_open(arguments[0], arguments[1]):
        _seen.append(f"open {arguments!r}"[:300])


def _may_open(path: str, mode: object) -> bool:
    """Whether a file is the one that is read, or a module of Python."""
    is_read = mode is None or not set(str(mode)) & set("wax+")
    return is_read and (path in _watched or path.endswith((".py", ".pyc", ".so", ".yaml")))


@contextmanager
def nothing_but_reading(path: str) -> Iterator[None]:
    """Raise AssertionError if anything is executed or another file is opened."""
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked.append(True)
    _seen.clear()
    _watched.append(path)
    try:
        yield
    finally:
        _watched.clear()
    same(_seen, [], "side effects of reading")


MODEL_JUDGES: tuple[Callable[[Choices, Path], str], ...] = (judge_model, judge_broken_model, judge_hostile_names)
