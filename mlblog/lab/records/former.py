"""Former names of experiments, from their records, so that text with an old name still refers to them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping

from mlblog.errors import RecordError
from mlblog.lab.records.store import Store


def former_names(store: Store) -> dict[str, str]:
    """Return `{former name: name}` of every experiment with records that were renamed."""
    found: dict[str, str] = {}
    for path in store.names():
        with contextlib.suppress(RecordError):  # `check` reports it
            record = store.read(path)
            found |= dict.fromkeys(record.environment.former_names, record.experiment)
    return found


def with_new_names(text: str, names: Mapping[str, str]) -> str:
    """Return a weekly list in which experiments in backticks have their new names.

    Example:
        >>> with_new_names("- [ ] Toss a coin, `coin`, not ``coin`` nor coin", {"coin": "toss"})
        '- [ ] Toss a coin, `toss`, not ``coin`` nor coin'
    """
    return re.sub(r"(?<!`)`(\w+)`(?!`)", lambda match: f"`{names.get(match[1], match[1])}`", text)
