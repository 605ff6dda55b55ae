"""What docstrings of the library say of shapes, held against every call that a test makes.

The line `x: (…, T, D), what asks.` of a docstring becomes jaxtyping's "... T D", and a name means one length within a
call. Calls that the function itself refuses are not looked at: what it accepts and returns has the shapes it documents.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import operator
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np
from beartype.door import die_if_unbearable
from jaxtyping import Bool, Shaped, jaxtyped
from torch import Tensor

LIBRARY = ("models", "losses", "classical", "numerics", "training", "data")
_TERM = r"(?:…|\.\.\.|\d+|[A-Za-z]\w*)"
_AXIS = rf"{_TERM}(?: ?[-+*/^] ?{_TERM})*"
_SHAPE = re.compile(rf"\((|…|\.\.\.|{_AXIS},|{_AXIS}(?:, {_AXIS})+)\)")
# in a summary: "…: (B, N), (B, T) to (B, T, N)", "for x (B, D)", "…, of shape (m,)." or "Scores (B, T, N) …"
_GROUP = r"\([^()]*\)"
_TO = re.compile(rf"({_GROUP}(?:, {_GROUP})*) to ({_GROUP})")
_OF = re.compile(rf"(\w+) ({_GROUP})")
_RESULT = re.compile(rf"(?:shape|^Scores|[:,]) ({_GROUP}(?: or {_GROUP})*)[.,:; ]")
_OR_SHAPE = re.compile(rf" or {_SHAPE.pattern}")
_ENTRY = re.compile(r"^(\w+): ")
_BOOLEAN = re.compile(r"^boolean|\) boolean", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z]\w*")
_AS_IN = re.compile(r"^Arguments[^.`]* as in `(\w+)`", re.MULTILINE)


class Said(NamedTuple):
    """What a docstring says of one array."""

    text: str
    shapes: list[str]


def shapes(text: str) -> list[str]:
    """The shapes that a description allows, as jaxtyping writes them; none if it speaks of broadcasting.

    >>> shapes("at each outcome, shape (K,) or (K, D).")
    ['K', 'K D']
    >>> shapes("(B, T + 1, N) logits, minus infinity where (B, T) is true")
    ['B T+1 N']
    >>> shapes("of 1 / (n - 1) variances")
    []
    """
    first = _SHAPE.search(text)
    if first is None or "broadcast" in text or not _is_shape(text[: first.start()], first[1]):
        return []
    found = [first]
    while another := _OR_SHAPE.match(text, found[-1].end()):
        found.append(another)
    return [" ".join(_axis(axis) for axis in shape[1].split(",") if axis) for shape in found]


def _is_shape(before: str, axes: str) -> bool:
    """Whether a parenthesis is a shape: by the word before it, by where it is, or by capital letters in it."""
    if before.strip().lower().endswith("shape") or (not before and "," in axes):
        return True
    return re.search(r"[A-Z…]|\.\.\.", axes) is not None


def _axis(text: str) -> str:
    return text.replace(" ", "").replace("…", "...").replace("^", "**")


def declared(function: Callable[..., Any]) -> tuple[dict[str, Said], Said]:
    """What the docstring of a function says of its arguments, and of what it returns."""
    text = inspect.getdoc(function) or ""
    sections: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=\w[\w ]*:\n)", text):
        title, _, body = block.partition(":\n")
        sections[title] = [" ".join(entry.split()) for entry in re.split(r"\n(?=    \S)", "\n" + body) if entry.strip()]
    arguments: dict[str, Said] = {}
    returned = " ".join(sections.get("Returns", []))
    if (other := _AS_IN.search(text)) and other[1] in function.__globals__:
        arguments, result = declared(inspect.unwrap(function.__globals__[other[1]]))
        returned = returned or (result.text if "result" in other[0] else "")
    parameters = [name for name in inspect.signature(function).parameters if name != "self"]
    summary = " ".join(text.partition("\n\n")[0].split())
    if both := _TO.search(summary):
        taken = re.findall(_GROUP, both[1])
        arguments.update({name: Said(both[0], shapes(shape)) for name, shape in zip(parameters, taken, strict=False)})
        returned = returned or both[2]
    elif result := _RESULT.search(summary):
        returned = returned or result[1]
    for name, shape in _OF.findall(summary):
        if name in parameters:
            arguments[name] = Said(f"{name} {shape}", shapes(shape))
    for entry in sections.get("Args", []):
        if name := _ENTRY.match(entry):
            said = entry[name.end() :]
            arguments[name[1]] = Said(said, shapes(said))
    return {name: said for name, said in arguments.items() if said.shapes}, Said(returned, shapes(returned))


def checked(function: FunctionType) -> FunctionType:
    """The function, made to raise after a call that its docstring does not allow; itself if that says no shape."""
    arguments, returned = declared(function)
    if not arguments and not returned.shapes:
        return function
    signature = inspect.signature(function)
    held: set[object] = set()  # a comparison takes much longer than most calls

    def hold(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = function(*args, **kwargs)
        given = signature.bind(*args, **kwargs).arguments
        numbers = {name: str(value) for name, value in given.items() if isinstance(value, int)}
        arrays = [(f"argument {name}", given.get(name), said) for name, said in arguments.items()]
        arrays.append(("what it returns", result, returned))
        # all that the comparison asks about
        asked = *numbers.items(), *(_form(value) for _, value, _ in arrays)
        if asked not in held:
            _compare(function, numbers, arrays)
            held.add(asked)
        return result

    def call(*args: Any, **kwargs: Any) -> Any:
        return hold(args, kwargs)

    # with the globals of its module, or doctest would take it for another module's
    inside = FunctionType(call.__code__, function.__globals__, function.__name__, closure=call.__closure__)
    return functools.update_wrapper(inside, function)


def _form(value: object) -> tuple[object, ...]:
    return (type(value), value.shape, value.dtype) if isinstance(value, Tensor | np.ndarray) else ()


def _compare(function: FunctionType, numbers: Mapping[str, str], arrays: list[tuple[str, object, Said]]) -> None:
    """Raise an error if an array has another shape than its description."""
    known: set[str] = set()
    with jaxtyped("context"):
        for name, value, said in sorted(arrays, key=lambda array: _has_sums(array[2])):
            if not said.shapes or not isinstance(value, Tensor | np.ndarray):
                continue
            kind = Bool if _BOOLEAN.search(said.text) else Shaped
            hints = [kind[type(value), _filled(shape, numbers, known)] for shape in said.shapes]
            whose = f"{function.__module__}.{function.__qualname__}: {name}"
            prefix = f"{whose}, {tuple(value.shape)}, is said to be {said.text!r}. "
            die_if_unbearable(value, functools.reduce(operator.or_, hints), exception_prefix=prefix)
            known.update(axis for shape in said.shapes for axis in shape.split())


def _has_sums(said: Said) -> bool:
    """Whether a length is computed from others, which have to be bound before it."""
    return any(map(_is_sum, " ".join(said.shapes).split()))


def _is_sum(axis: str) -> bool:
    return axis != "..." and not axis.isidentifier()


def _filled(shape: str, numbers: Mapping[str, str], known: set[str]) -> str:
    """A shape with numbers given to the call in place of their names, and `_` for a sum of names not bound yet."""
    axes = []
    for axis in shape.split():
        unknown = _is_sum(axis) and not set(_NAME.findall(axis)) <= known | numbers.keys()
        axes.append("_" if unknown else _NAME.sub(lambda name: numbers.get(name[0], name[0]), axis))
    return " ".join(axes)


@functools.cache
@functools.cache  # or functions would be wrapped again, and no longer be those that tests have imported
def check_shapes() -> None:
    """Check every function and method of the library from now on, in this process."""
    replaced: dict[FunctionType, FunctionType] = {}
    for module in _modules():
        classes = [value for value in vars(module).values() if inspect.isclass(value)]
        for holder in [module, *(value for value in classes if value.__module__ == module.__name__)]:
            for name, value in list(vars(holder).items()):
                if inspect.isfunction(value) and value.__module__ == module.__name__:
                    replaced[value] = checked(value)
                    setattr(holder, name, replaced[value])
    # where other modules have imported them by name
    for module in [module for name, module in sys.modules.items() if name.startswith("mlblog.")]:
        for name, value in list(vars(module).items()):
            if inspect.isfunction(value) and value in replaced:
                setattr(module, name, replaced[value])


def _modules() -> Iterator[ModuleType]:
    for name in LIBRARY:
        package = importlib.import_module(f"mlblog.{name}")
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)
