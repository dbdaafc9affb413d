"""PyTorch modules, exported by torch.export. This imports and runs the module's code."""

from __future__ import annotations

import inspect
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from cnncalc import surface
from cnncalc.errors import Problem, Span, SpecError, did_you_mean, listed, quoted
from cnncalc.interchange.building import Sizes
from cnncalc.interchange.graph import Graph
from cnncalc.interchange.torch_program import Argument, ModuleCall, NodeRef, StoredTensor, TorchNode, TorchProgram

INSTALL = "install it with pip install 'cnncalc[torch]'"
EXAMPLE = "write module:function, such as torchvision.models:resnet50"
EXAMPLE_INPUT = "3x224x224"
# torch says so of an embedding that reads numbers with a fraction.
READS_INDICES = ("scalar types: Long, Int", "'indices'")
DATA_DEPENDENT = ("data-dependent", "DataDependent", "unbacked", "Dynamic control flow")


def read_module(target: str, sizes: Sizes) -> Graph:
    """The graph of a module, such as torchvision.models:resnet50, for inputs of the given sizes, without the batch.

    The module is imported, and the function called without arguments. Raises SpecError for what cannot be imported,
    called, exported or read.
    """
    from cnncalc.interchange.torch_graph import read_program

    torch = _import_torch()
    with _quiet():
        module = _find_module(torch, target)
        program = _export(torch, module, target, sizes)
    return read_program(program, target)


def _import_torch() -> Any:
    try:
        torch = import_module("torch")
        import_module("torch.export")
    except ImportError as error:
        raise SpecError([Problem(None, f"PyTorch is needed to read its modules: {error}", INSTALL)]) from None
    return torch


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings and the log of torch: what goes wrong is reported once."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


# --- the module ---


def _find_module(torch: Any, target: str) -> Any:
    """The module that a target names, ready for inference."""
    name, colon, path = target.partition(":")
    if not colon or not all(part.isidentifier() for part in (*name.split("."), *path.split("."))):
        raise SpecError([Problem(None, f"{quoted(target)} names no function of a Python module", EXAMPLE)])
    found = _import_user_module(name)
    for part in path.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(part, [key for key in dir(found) if not key.startswith("_")])
            raise SpecError([Problem(None, f"{quoted(name)} has no {quoted(path)}", hint or EXAMPLE)])
        found = getattr(found, part)
    made = found
    if not isinstance(found, torch.nn.Module):
        if not callable(found):
            raise SpecError([_not_a_module(target, found)])
        made = _build(torch, found, target)
    if not isinstance(made, torch.nn.Module):
        raise SpecError([_not_a_module(f"{target}()", made)])
    return made.eval()


def _not_a_module(shown: str, found: object) -> Problem:
    message = f"{quoted(shown)} is a {type(found).__name__}, not a torch.nn.Module"
    return Problem(None, message, "name a module, or a function or class that gives one without arguments")


def _import_user_module(name: str) -> Any:
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            message = f"there is no Python module {quoted(error.name)}"
            hint = "run in the folder that has it, or install it"
            raise SpecError([Problem(None, message, hint)]) from None
        raise SpecError([_failure(error, f"importing {quoted(name)}")]) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of others may raise anything
        raise SpecError([_failure(error, f"importing {quoted(name)}")]) from None


def _build(torch: Any, function: Callable[[], object], target: str) -> object:
    """What a function gives: on the meta device, which has no memory, unless the function needs numbers."""
    _check_takes_nothing(function, target)
    try:
        with torch.device("meta"):
            return function()
    except (Exception, SystemExit):  # noqa: BLE001 - code of others may raise anything
        try:
            return function()
        except (Exception, SystemExit) as error:  # noqa: BLE001
            raise SpecError([_failure(error, f"calling {quoted(target)}")]) from None


def _check_takes_nothing(function: Callable[[], object], target: str) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [item.name for item in parameters if item.default is item.empty and item.kind not in optional]
    if needed:
        message = f"{quoted(target)} needs {listed(needed)}, but is called without arguments"
        raise SpecError([Problem(None, message, "write a function that calls it with these, and name that one")])


def _failure(error: BaseException, during: str) -> Problem:
    """What an exception of other people's code says, and the last of their lines that it came through."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
    return Problem(_user_place(error), f"{during} failed: {text}")


def _user_place(error: BaseException) -> Span | None:
    if isinstance(error, SyntaxError) and error.filename:
        return Span(_shown_path(error.filename), error.lineno or 1, error.offset or 1)
    apart = (os.sep + "importlib" + os.sep, f"{os.sep}torch{os.sep}", f"{os.sep}cnncalc{os.sep}", "<")
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.lineno and not any(part in frame.filename for part in apart)
    ]
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    last = (own or frames)[-1:]
    return Span(_shown_path(last[0].filename), last[0].lineno or 1, 1) if last else None


def _shown_path(file: str) -> str:
    """A path as a message shows it: from the current folder, if it is below."""
    folder = os.getcwd() + os.sep
    return file.removeprefix(folder)


# --- the export ---


def _export(torch: Any, module: Any, target: str, sizes: Sizes) -> TorchProgram:
    given = _name_inputs(module, target, sizes)
    first = next((tensor for tensor in (*module.parameters(), *module.buffers())), None)
    device = "cpu" if first is None else first.device
    attempts: tuple[Any, ...] = (torch.float32, torch.int64)
    for dtype in attempts:
        tensors = {name: torch.zeros((1, *shape), dtype=dtype, device=device) for name, shape in given.items()}
        is_last = dtype is attempts[-1]
        try:
            with torch.no_grad():
                exported = torch.export.export(module, (), tensors, strict=False)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - code of others may raise anything
            if not is_last and any(part in str(error) for part in READS_INDICES):
                continue
            raise SpecError([_export_failure(error, target)]) from None
        return _record(torch, exported, module)
    raise AssertionError("the last attempt returns or raises")


def _name_inputs(module: Any, target: str, sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """The sizes by the name that the module's forward has for them."""
    names = [
        item.name
        for item in inspect.signature(module.forward).parameters.values()
        if item.kind in (item.POSITIONAL_OR_KEYWORD, item.POSITIONAL_ONLY, item.KEYWORD_ONLY)
    ]
    needed = [
        item.name
        for item in inspect.signature(module.forward).parameters.values()
        if item.default is item.empty and item.name in names
    ]
    given = dict(sizes)
    single = given.pop("", None) or (given.pop("input", None) if "input" not in names else None)
    if single is not None:
        free = [name for name in names if name not in given]
        if not free:
            raise SpecError([Problem(None, f"the forward of {quoted(target)} takes no input")])
        given[free[0]] = single
    if unknown := [name for name in given if name not in names]:
        message = f"the forward of {quoted(target)} has no input {listed([quoted(name) for name in unknown])}"
        raise SpecError([Problem(None, message, f"its inputs are {listed(names)}")])
    if missing := [name for name in needed if name not in given]:
        shown = surface.new_input_shape("" if len(needed) == 1 else missing[0], EXAMPLE_INPUT)
        message = f"the size of {listed([quoted(name) for name in missing])} of {quoted(target)} is not known"
        raise SpecError([Problem(None, message, f"give it, as in {shown}")])
    return {name: given[name] for name in names if name in given}


def _export_failure(error: BaseException, target: str) -> Problem:
    failed = _failure(error, f"exporting {quoted(target)}")
    if any(part in f"{type(error).__name__} {error}" for part in DATA_DEPENDENT):
        message = f"{quoted(target)} cannot be exported: its control flow depends on the numbers of a tensor"
        return failed._replace(message=message, hint="choose by shapes or settings instead, or name a part without it")
    return failed


def _record(torch: Any, exported: Any, module: Any) -> TorchProgram:
    """The plain records of an exported program."""
    signature = exported.graph_signature
    owners: dict[int, str] = {}
    names, learned, shapes = {}, {}, {}
    for kind in (module.named_parameters, module.named_buffers):
        for name, tensor in kind(remove_duplicate=False):
            # A tensor that several modules share has the name of the first.
            names[name] = owners.setdefault(id(tensor), name)
            learned[name], shapes[name] = bool(tensor.requires_grad), tuple(tensor.shape)
    stored, constants, inputs = {}, {}, {}
    targets = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    nodes: list[TorchNode] = []
    for node in exported.graph.nodes:
        outputs = _shapes(node.meta.get("val"))
        if node.op == "placeholder":
            target = targets.get(node.name, "")
            if target in names:
                stored[node.name] = StoredTensor(names[target], shapes[target], learned[target])
            elif node.name in signature.user_inputs:
                inputs[node.name] = outputs[0] if outputs else ()
            else:
                constants[node.name] = outputs[0] if outputs else ()
        elif node.op == "get_attr":
            constants[node.name] = outputs[0] if outputs else ()
        elif node.op == "call_function":
            nodes.append(_record_node(torch, node, outputs))
    return TorchProgram(inputs, stored, constants, tuple(nodes), tuple(map(str, signature.user_outputs)))


def _shapes(value: object) -> tuple[tuple[int, ...], ...]:
    if isinstance(value, tuple | list):
        return tuple(_shapes(item)[0] if _shapes(item) else () for item in value)
    shape = getattr(value, "shape", None)
    return () if shape is None else (tuple(int(size) for size in shape),)


def _record_node(torch: Any, node: Any, shapes: tuple[tuple[int, ...], ...]) -> TorchNode:
    target = node.target
    schema = getattr(target, "_schema", None)
    arguments: dict[str, Argument] = {}
    operator = getattr(target, "__name__", str(target))
    if schema is not None:
        namespace, _, operator = schema.name.partition("::")
        operator = operator if namespace == "aten" else f"{namespace}.{operator}"
        for at, argument in enumerate(schema.arguments):
            value = node.args[at] if at < len(node.args) else node.kwargs.get(argument.name, argument.default_value)
            arguments[argument.name] = _argument(torch, value)
    else:
        values = {**{str(at): value for at, value in enumerate(node.args)}, **node.kwargs}
        arguments = {key: _argument(torch, value) for key, value in values.items()}
    is_in_place = operator.endswith("_") and not operator.startswith("_")
    stack: Mapping[str, tuple[str, Any]] = node.meta.get("nn_module_stack") or {}
    calls = tuple(_module_call(key, path, kind) for key, (path, kind) in stack.items())
    return TorchNode(node.name, operator.removesuffix("_"), arguments, shapes, calls, is_in_place)


def _module_call(key: str, path: str, kind: Any) -> ModuleCall:
    name = kind if isinstance(kind, str) else kind.__qualname__
    return ModuleCall(path, name.rpartition(".")[2], key)


def _argument(torch: Any, value: object) -> Argument:
    if isinstance(value, torch.fx.Node):
        return NodeRef(str(value))
    if isinstance(value, list | tuple):
        return tuple(_argument(torch, item) for item in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
