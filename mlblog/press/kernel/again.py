"""Rerun units in a process that ran an older version of the post, so that its state matches the current version."""

from __future__ import annotations

import locale
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlblog.press.kernel.job import Rerun
from mlblog.press.kernel.plain import is_proved

if TYPE_CHECKING:
    from mlblog.press.kernel.shell import PostShell


_MAIN_PART = re.compile(rb"if\s+__name__\s*==\s*['\"]__main__['\"]")


def looks_at_post(modules: Iterable[Path]) -> bool:
    """Whether the text of a module names `__main__`, through which it may read any name of the post."""
    return any(b"__main__" in _MAIN_PART.sub(b"", module.read_bytes()) for module in modules)


def settings() -> Any:
    """What plain code depends on besides its names: print options, and how numerical warnings are handled."""
    numpy: Any = sys.modules.get("numpy")
    ours = [sys.get_int_max_str_digits(), locale.setlocale(locale.LC_ALL), list(warnings.filters)]
    return ours if numpy is None else [*ours, numpy.get_printoptions(), numpy.geterr(), numpy.geterrcall()]


def run_again(shell: PostShell, since: list[Any], rerun: Rerun, run: Callable[[int], bool]) -> bool:
    """Rerun units by number; return False if the result is not provably the same as in a fresh run.

    Args:
        shell: the shell of this process, with the namespace of the old version.
        since: the settings before each unit of the old version.
        rerun: the units to rerun, and those that they replace.
        run: runs a unit; False if its outputs differ from those of an in-order run.
    """
    namespace, fresh = shell.user_ns, frozenset(rerun.fresh)
    shown = {name: namespace[name] for name in ("_",) if name in namespace}
    now = settings()
    if any(then != now for then in since[rerun.first :]):
        return False
    if not all(is_proved(code, namespace, fresh) for code in rerun.was):
        return False
    for name in rerun.forget:
        namespace.pop(name, None)
    for number, code in rerun.again:
        if not is_proved(code, namespace, fresh) or not run(number):
            return False
    namespace.pop("_", None)
    namespace.update(shown)
    return True
