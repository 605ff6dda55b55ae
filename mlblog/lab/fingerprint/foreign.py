"""What names of other libraries do to a module that uses them while it is imported."""

from __future__ import annotations

import re

# decorators that only wrap; any other may register what it is given
_WRAPPING = (
    "functools.cache", "functools.lru_cache", "functools.wraps", "functools.total_ordering", "functools.singledispatch",
    "functools.cached_property", "contextlib.", "dataclasses.", "typing.", "abc.", "enum.", "torch.no_grad",
    "torch.inference_mode", "torch.enable_grad", "torch.jit.", "torch.compile", "numpy.vectorize", "numba.", "attr.",
    "mlblog.lab.",
)  # fmt: skip
# functions that are called for what they change, if a constant is made by them
_CHANGING = re.compile(r"(set|seed|manual|register|use|enable|disable|install|patch|config|update|add|push|__set)")


def may_act(name: str, kind: str) -> bool:
    """Whether calling `name`, or decorating a `kind` of definition with it, may do more than give a result."""
    if kind == "constant":
        return bool(_CHANGING.match(name.rpartition(".")[2]))
    return not name.startswith(_WRAPPING)
