"""PyTorch modules, exported by torch.export. This imports and runs the module's code."""

from __future__ import annotations

import inspect
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from operator import getitem
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
# Operators that run a part of the program in another setting.
INLINED = ("wrap", "tag_activation_checkpoint")
DATA_DEPENDENT = ("data-dependent", "DataDependent", "unbacked", "Dynamic control flow")


def read_module(target: str, sizes: Sizes) -> Graph:
    """The graph of a module, such as torchvision.models:resnet50, for inputs of the given sizes, without the batch.

    The module is imported, and the function called without arguments; what they print goes to the standard error.
    Raises SpecError for what cannot be imported, called, exported or read.
    """
    from cnncalc.interchange.torch_graph import read_program

    torch = _import_torch()
    with _quiet():
        program = _export(torch, _find(torch, target), target, sizes)
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
    """Without the warnings and logs of torch, as errors are reported once; the standard output is for results."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


# --- the module ---


def _find(torch: Any, target: str) -> Any:
    """What a target names: a module, or something that can be called."""
    name, colon, path = target.partition(":")
    if not colon or not all(part.isidentifier() for part in (*name.split("."), *path.split("."))):
        raise SpecError([Problem(None, f"{quoted(target)} names no function of a Python module", EXAMPLE)])
    found = _import_user_module(name)
    for part in path.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(part, [key for key in dir(found) if not key.startswith("_")])
            raise SpecError([Problem(None, f"{quoted(name)} has no {quoted(path)}", hint or EXAMPLE)])
        found = getattr(found, part)
    if not isinstance(found, torch.nn.Module):
        if not callable(found):
            raise SpecError([_not_a_module(target, found)])
        _check_takes_nothing(found, target)
    return found


def _not_a_module(shown: str, found: object) -> Problem:
    message = f"{quoted(shown)} is of the type {type(found).__name__}, not a torch.nn.Module"
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


def _build(torch: Any, found: Any, target: str, device: str) -> Any:
    """The module that is found, or that a function gives, ready for inference."""
    made = found
    if not isinstance(found, torch.nn.Module):
        with torch.device(device) if device else nullcontext():
            made = found()
    if not isinstance(made, torch.nn.Module):
        raise SpecError([_not_a_module(f"{target}()", made)])
    return made.eval()


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
    library = os.path.dirname(os.__file__)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.lineno
        and not any(part in frame.filename for part in apart)
        and ("site-packages" in frame.filename or not frame.filename.startswith(library))
    ]
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    last = (own or frames)[-1:]
    return Span(_shown_path(last[0].filename), last[0].lineno or 1, 1) if last else None


def _shown_path(file: str) -> str:
    """A path as a message shows it: from the current folder, if it is below."""
    folder = os.getcwd() + os.sep
    return file.removeprefix(folder)


# --- the export ---


def _export(torch: Any, found: Any, target: str, sizes: Sizes) -> TorchProgram:
    """The records of an exported module.

    It is made on the meta device, whose tensors have no memory, or else where its code puts it.
    """
    devices = ("",) if isinstance(found, torch.nn.Module) else ("meta", "")
    failed = None
    for device in devices:
        try:
            module = _build(torch, found, target, device)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - code of others may raise anything
            _raise_own(error)
            failed = _failure(error, f"calling {quoted(target)}")
            continue
        given = _name_inputs(module, target, sizes)
        first = next((tensor for tensor in (*module.parameters(), *module.buffers())), None)
        where = device or ("cpu" if first is None else first.device)
        for dtype in (torch.float32, torch.int64):
            tensors = {name: torch.zeros((1, *shape), dtype=dtype, device=where) for name, shape in given.items()}
            try:
                # Where an export fails, torch prints the program so far.
                with torch.no_grad(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                    exported = torch.export.export(module, (), tensors, strict=False)
                return ProgramRecorder(torch, exported, module, target).record()
            except (Exception, SystemExit) as error:  # noqa: BLE001
                _raise_own(error)
                failed = _export_failure(error, target)
                if not any(part in str(error) for part in READS_INDICES):
                    break
    raise SpecError([failed] if failed else [])


def _raise_own(error: BaseException) -> None:
    """Raise what this program has found out itself."""
    if isinstance(error, SpecError):
        raise error


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


class ProgramRecorder:
    """Makes plain records of an exported program. What runs within another setting, such as autocast, is inlined."""

    def __init__(self, torch: Any, exported: Any, module: Any, target: str) -> None:
        self.torch = torch
        self.exported = exported
        self.target = target
        self.nodes: list[TorchNode] = []
        self.stored: dict[str, StoredTensor] = {}
        self.constants: dict[str, tuple[int, ...]] = {}
        self.inputs: dict[str, tuple[int, ...]] = {}
        # The names of the records of nodes; those of a part that is inlined, in order.
        self.names: dict[Any, str | tuple[str, ...]] = {}
        self.tensors: dict[str, StoredTensor] = {}
        owners: dict[int, str] = {}
        for kind in (module.named_parameters, module.named_buffers):
            for name, tensor in kind(remove_duplicate=False):
                # A tensor that several modules share has the name of the first.
                owner = owners.setdefault(id(tensor), name)
                self.tensors[name] = StoredTensor(owner, tuple(tensor.shape), bool(tensor.requires_grad))

    def record(self) -> TorchProgram:
        signature = self.exported.graph_signature
        targets = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        first: dict[str, str] = {}
        for node in self.exported.graph.nodes:
            if node.op != "placeholder":
                continue
            shape = self._shape(node, node.meta.get("val"))
            tensor = self.tensors.get(targets.get(node.name, ""))
            self.names[node] = node.name
            if tensor is not None:
                name = self.names[node] = first.setdefault(tensor.name, node.name)
                self.stored[name] = tensor
            elif node.name in signature.user_inputs:
                self.inputs[node.name] = shape
            else:
                self.constants[node.name] = shape
        self._add_nodes(self.exported.graph_module, "")
        by_name = {node.name: names for node, names in self.names.items()}
        outputs = tuple(str(by_name.get(name, name)) for name in signature.user_outputs)
        return TorchProgram(self.inputs, self.stored, self.constants, tuple(self.nodes), outputs)

    def _add_nodes(self, module: Any, prefix: str) -> tuple[str, ...]:
        """Record the nodes of a graph, and return the names of its outputs."""
        outputs: tuple[str, ...] = ()
        for node in module.graph.nodes:
            name = f"{prefix}{node.name}"
            if node.op == "get_attr":
                tensor = getattr(module, str(node.target), None)
                if isinstance(tensor, self.torch.Tensor):
                    self.names[node] = name
                    self.constants[name] = tuple(tensor.shape)
            elif node.op == "call_function":
                self._add_node(module, node, name)
            elif node.op == "output":
                found = node.args[0] if isinstance(node.args[0], tuple | list) else node.args
                outputs = tuple(str(self.names.get(item, item)) for item in found)
        return outputs

    def _add_node(self, module: Any, node: Any, name: str) -> None:
        inner = next((at for at, item in enumerate(node.args) if self._is_module(module, item)), None)
        if inner is not None and str(node.target).startswith(INLINED):
            part = getattr(module, str(node.args[inner].target))
            placeholders = [item for item in part.graph.nodes if item.op == "placeholder"]
            for placeholder, given in zip(placeholders, node.args[inner + 1 :], strict=False):
                self.names[placeholder] = self.names[given]
            self.names[node] = self._add_nodes(part, f"{name}.")
            return
        if node.target is getitem and isinstance(results := self.names.get(node.args[0]), tuple):
            self.names[node] = results[node.args[1]]
            return
        self.names[node] = name
        self.nodes.append(self._make_record(node, name))

    def _is_module(self, module: Any, item: object) -> bool:
        if not isinstance(item, self.torch.fx.Node) or getattr(item, "op", "") != "get_attr":
            return False
        return isinstance(getattr(module, str(getattr(item, "target", "")), None), self.torch.fx.GraphModule)

    def _make_record(self, node: Any, name: str) -> TorchNode:
        target = node.target
        schema = getattr(target, "_schema", None)
        operator = getattr(target, "__name__", str(target))
        if schema is not None:
            namespace, _, operator = schema.name.partition("::")
            operator = operator if namespace == "aten" else f"{namespace}.{operator}"
            values = {
                argument.name: node.args[at]
                if at < len(node.args)
                else node.kwargs.get(argument.name, argument.default_value)
                for at, argument in enumerate(schema.arguments)
            }
        else:
            values = {**{str(at): value for at, value in enumerate(node.args)}, **node.kwargs}
        is_in_place = operator.endswith("_") and not operator.startswith("_")
        stack: Mapping[str, tuple[str, Any]] = node.meta.get("nn_module_stack") or {}
        calls = tuple(_module_call(key, path, kind) for key, (path, kind) in stack.items())
        value = node.meta.get("val")
        results = value if isinstance(value, tuple | list) else () if value is None else (value,)
        shapes = tuple(self._shape(node, item) for item in results)
        arguments = {key: self._argument(item) for key, item in values.items()}
        return TorchNode(name, operator.removesuffix("_"), arguments, shapes, calls, is_in_place)

    def _shape(self, node: Any, value: object) -> tuple[int, ...]:
        """The sizes of a tensor, which must be numbers."""
        shape = getattr(value, "shape", ())
        if not all(isinstance(size, int) for size in shape):
            message = f"{quoted(str(node.target))} gives a shape that depends on the numbers of a tensor"
            raise SpecError([Problem(Span(self.target, 0, 0, node.name), message)])
        return tuple(shape)

    def _argument(self, value: object) -> Argument:
        if isinstance(value, self.torch.fx.Node):
            return NodeRef(str(self.names.get(value, value)))
        if isinstance(value, list | tuple):
            return tuple(self._argument(item) for item in value)
        if value is None or isinstance(value, bool | int | float | str):
            return value
        return str(value)


def _module_call(key: str, path: str, kind: Any) -> ModuleCall:
    name = kind if isinstance(kind, str) else kind.__qualname__
    return ModuleCall(path, name.rpartition(".")[2], key)
