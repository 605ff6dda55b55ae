"""Check values when they are saved: at the end of a run it would be too late to reject them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlblog.files import canonical
from mlblog.lab.records.model import PREFIX
from mlblog.lab.records.record import Value, is_value

_DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
)
_CURES = {  # by NumPy's kind of dtype
    "c": "save its real and imaginary parts under two names",
    "O": "turn it into numbers, or into a list of numbers and strings",
    "U": "save x.tolist()",
    "S": "save x.astype(str).tolist()",
    "M": "save x.astype(str).tolist()",
    "m": "divide it by a unit, such as np.timedelta64(1, 's')",
    "f": "save x.astype(np.float64)",
    "V": "save each field under its own name",
}
_DEPTH = 32  # of nested lists; JSON parsers have limits


def kept(result: Any) -> np.ndarray | Value:
    """Return `result` as stored in a record: a copy of an array, or a JSON value.

    Raises:
        ValueError: records cannot store it; the message says what to save instead.
    """
    if hasattr(result, "detach"):  # a tensor, named without importing torch
        result = _from_tensor(result)
    if isinstance(result, np.ma.MaskedArray):
        raise ValueError("is a masked array, which records cannot store; save x.data and x.mask under two names")
    if isinstance(result, np.ndarray) and result.ndim:
        if result.dtype.name not in _DTYPES:
            raise ValueError(_odd(f"an array of {result.dtype}", _CURES.get(result.dtype.kind, "convert it")))
        return np.array(result, dtype=result.dtype.newbyteorder("="), order="C")
    return _value(result[()] if isinstance(result, np.ndarray) else result)


def check_name(name: str) -> None:
    """Raise ValueError unless `name` is valid for a result."""
    if not 0 < len(name) <= 200 or not name.isprintable():
        raise ValueError("is not a valid name for a result; use 1 to 200 printable characters")
    if name == "__metadata__" or name.startswith(("series/", PREFIX)):
        raise ValueError("is a reserved name in array files; choose another")


def _from_tensor(tensor: Any) -> Any:
    kind = f"a tensor of {tensor.dtype}"
    if str(tensor.layout) != "torch.strided" or tensor.is_nested:
        raise ValueError(_odd(f"a sparse or nested {kind[2:]}", "save x.to_dense(), or a padded tensor"))
    if tensor.is_quantized:
        raise ValueError(_odd(kind, "save x.dequantize()"))
    try:
        return tensor.numpy(force=True) if tensor.ndim else tensor.item()
    except (TypeError, RuntimeError) as error:  # bfloat16 and its like, or a tensor without content
        cure = "save x.float()" if tensor.is_floating_point() else "convert it to another dtype"
        raise ValueError(_odd(f"{kind} on {tensor.device}", cure)) from error


def _odd(what: str, cure: str) -> str:
    return f"is {what}, which records cannot store; {cure}"


def _value(result: Any) -> Value:
    value = _plain(result, _DEPTH)
    if not is_value(value):
        odd = _first_odd(value)
        cure = "turn it into numbers, strings or lists of them"
        if isinstance(odd, Mapping):
            cure = "save its entries separately: run.save(**x)"
        elif isinstance(odd, np.ndarray) or hasattr(odd, "detach"):
            cure = "stack the list into one array"
        elif isinstance(odd, complex):
            cure = _CURES["c"]
        where = "a list with a" if isinstance(value, list) else "a"
        raise ValueError(_odd(f"{where} {type(odd).__name__}", cure))
    if not _finite(value):
        raise ValueError(f"is {value}: not a finite number")
    try:
        json.loads(canonical.encode({"": value}))
    except ValueError as error:  # half a surrogate pair, or a number of thousands of digits
        raise ValueError(f"cannot be written as JSON ({error})") from error
    found: Value = value
    return found


def _plain(result: Any, depth: int) -> Any:
    if not depth:
        raise ValueError(f"is a list of lists, deeper than {_DEPTH}; flatten it")
    if isinstance(result, np.generic):
        return result.item()
    return [_plain(item, depth - 1) for item in result] if isinstance(result, list | tuple) else result


def _first_odd(value: Any) -> Any:
    if isinstance(value, list):
        return _first_odd(next(item for item in value if not is_value(item)))
    return value


def _finite(value: Value) -> bool:
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)
