"""The outputs of one unit, in order, up to the size limits of a page.

Text is collected in pieces and joined once, which keeps a million prints linear.
"""

from __future__ import annotations

import json
from typing import Any

from mlblog.press.kernel.output import Output

#: Most characters of text per unit; the rest is counted and dropped.
MOST_TEXT = 2_000_000
#: Most characters of rich outputs (figures, HTML, …) per unit; they cannot be cut, so more is an error.
MOST_RICH = 64_000_000
#: Most outputs per unit; each is a block on the page.
MOST_OUTPUTS = 10_000


class TooMuch(Exception):
    """A unit's output exceeds the limits of a page."""


class Transcript:
    """The outputs of one unit."""

    def __init__(self) -> None:
        self._outputs: list[Output] = []
        self._pieces: list[str] = []  # of the last output if that is a stream
        self._clear_next = False
        self._forget()

    def __bool__(self) -> bool:
        return bool(self._outputs)

    def write(self, name: str, text: str, dropped: int = 0) -> None:
        """Add text to the stream `name`; `dropped` counts characters dropped after it."""
        self._clear_now()
        last = self._outputs[-1] if self._outputs else {}
        goes_on = last.get("output_type") == "stream" and last["name"] == name
        is_full = self._dropped or not (goes_on or len(self._outputs) < MOST_OUTPUTS)
        room = 0 if is_full else MOST_TEXT - self._text
        kept = text[:room]
        self._text += len(kept)
        self._dropped += len(text) - len(kept) + dropped
        if kept and not goes_on:
            self._join()
            self._outputs.append({"output_type": "stream", "name": name, "text": ""})
        if kept:
            self._pieces.append(kept)

    def put(self, output: Output) -> None:
        """Add an output other than a stream.

        Raises:
            TooMuch: it would exceed `MOST_RICH` or `MOST_OUTPUTS`.
        """
        self._clear_now()
        data = output["data"] = {mime: as_json(value) for mime, value in output["data"].items()}
        text = data.get("text/plain")
        if isinstance(text, str) and len(text) > MOST_TEXT:
            data["text/plain"] = f"{text[:MOST_TEXT]}\n{_note(len(text) - MOST_TEXT)}"
        if len(self._outputs) >= MOST_OUTPUTS:
            raise TooMuch(f"this cell shows more than {MOST_OUTPUTS:,} outputs, the limit per cell; show fewer")
        self._rich += sum(map(_size, data.values()))
        if self._rich > MOST_RICH:
            raise TooMuch(
                f"this cell shows {self._rich / 1e6:,.0f} million characters of figures, tables or other rich output; "
                f"the limit is {MOST_RICH / 1e6:,.0f} million. Show less, or save it to files"
            )
        self._join()
        self._outputs.append(output)

    def clear(self, *, wait: bool) -> None:
        """Clear the outputs, now or when the next one arrives."""
        if not wait:
            self._forget()
        self._clear_next = wait

    @property
    def outputs(self) -> list[Output]:
        """All outputs, with a note on dropped text."""
        self._join()
        if not self._dropped:
            return list(self._outputs)
        # a separate output, since pages cut long texts
        return [*self._outputs, {"output_type": "stream", "name": "stdout", "text": f"{_note(self._dropped)}\n"}]

    def _join(self) -> None:
        if self._pieces:
            self._outputs[-1]["text"] += "".join(self._pieces)
            self._pieces = []

    def _clear_now(self) -> None:
        if self._clear_next:
            self._forget()
            self._clear_next = False

    def _forget(self) -> None:
        self._outputs, self._pieces = [], []
        self._text = self._rich = self._dropped = 0


def _note(dropped: int) -> str:
    return f"[{dropped:,} more characters are not shown: a cell may show {MOST_TEXT:,}]"


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return len(value) if isinstance(value, str) else len(str(value))


def as_json(value: Any) -> Any:
    """A rich output value as JSON; what JSON cannot represent becomes text."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return str(value)
