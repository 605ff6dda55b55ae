"""Units that run again in a process that has run the post as it was, which then is as if it had run it as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlblog.press.kernel.plain import is_proved

if TYPE_CHECKING:
    from mlblog.press.kernel.shell import PostShell


def run_again(shell: PostShell, replay: dict[str, Any], run: Callable[[int], bool]) -> bool:
    """Run units again, by their number; False where it cannot be proved that this does what a fresh run would do.

    Args:
        shell: the process's own, with the namespace of the post as it was.
        replay: `was`, the code of the units that no longer count; `again`, number and code of those that run now;
            `fresh`, the names that they bind, and `forget`, those of them that nobody binds any more.
        run: runs a unit; False if it left what it would not have left in its turn.
    """
    namespace, fresh = shell.user_ns, frozenset(replay["fresh"])
    shown = {name: namespace[name] for name in ("_",) if name in namespace}
    if not all(is_proved(code, namespace, fresh) for code in replay["was"]):
        return False
    for name in replay["forget"]:
        namespace.pop(name, None)
    for number, code in replay["again"]:
        if not is_proved(code, namespace, fresh) or not run(number):
            return False
    namespace.pop("_", None)
    namespace.update(shown)
    return True
