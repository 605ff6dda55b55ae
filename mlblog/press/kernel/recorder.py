"""Record the outputs of a unit in order: what it prints and displays, and what other programs print for it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from mlblog.press.kernel.capture import Capture
from mlblog.press.kernel.displays import Displays
from mlblog.press.kernel.output import Output
from mlblog.press.kernel.stream import DESCRIPTORS, Stream
from mlblog.press.kernel.transcript import Transcript, as_json
from mlblog.press.kernel.workers import Workers


class Recorder:
    """Records the outputs of the units of one post, one unit at a time.

    Attributes:
        capture: the descriptors that units and their programs write to.
        workers: processes that units fork; they write to the descriptors, since they share no memory.
        on_first_output: called once, at the next output, then reset.
    """

    def __init__(self) -> None:
        self.capture, self.workers = Capture(), Workers()
        self.on_first_output: Callable[[], None] | None = None
        self._transcript, self._displays = Transcript(), Displays()
        self._lock = threading.RLock()  # threads of a cell may print concurrently
        self._streams = {name: Stream(name, self._write) for name in ("stdout", "stderr")}

    @property
    def outputs(self) -> list[Output]:
        """The outputs of the unit, and its updates to displays of earlier units."""
        return [*self._transcript.outputs, *self.updates]

    @property
    def updates(self) -> list[Output]:
        """The updates of the unit to displays of earlier units."""
        return list(self._displays.updates.values())

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record what runs inside as the outputs of a new unit."""
        self._transcript = Transcript()
        self._displays.begin()
        sys.stdout, sys.stderr = self._streams["stdout"], self._streams["stderr"]
        self.capture.begin()
        try:
            yield
        finally:
            self.workers.leave(sys.exc_info()[1])
            self.workers.settle()
            self._drain()
            self.capture.end()
            sys.stdout, sys.stderr = self._streams["stdout"], self._streams["stderr"]

    @contextlib.contextmanager
    def discarding(self) -> Iterator[None]:
        """Keep the current outputs, whatever is recorded inside."""
        transcript, updates = self._transcript, dict(self._displays.updates)
        try:
            yield
        finally:
            self._transcript, self._displays.updates = transcript, updates

    def put(self, output: Output, display: str | None = None) -> None:
        """Add an output other than a stream; `display` is the id under which it can be updated."""
        if display is not None:
            self._displays.name(display, output)
        if self.workers.is_one:
            self.workers.write(1, f"{output['data'].get('text/plain', '')}\n")
            return
        with self._lock:
            self._drain()
            output["metadata"] = {}  # hints for notebook front ends
            self._announce()
            self._transcript.put(output)

    def update(self, display: str, data: dict[str, Any]) -> None:
        """Update an earlier output."""
        self._displays.update(display, {mime: as_json(value) for mime, value in data.items()})

    def clear(self, *, wait: bool) -> None:
        """Clear the outputs of this unit, now or on the next output."""
        if not self.workers.is_one:
            with self._lock:
                self._drain()
                self._transcript.clear(wait=wait)

    def _write(self, name: str, text: str) -> None:
        """Append text after draining the captured descriptors; empty text only drains."""
        if self.workers.is_one:
            self.workers.write(DESCRIPTORS[name], text)
            return
        with self._lock:
            # `print` writes line ends separately: keep workers' lines from getting in between
            if text != "\n" or not self.workers.were_forked:
                self._drain()
            if text:
                self._announce()
                self._transcript.write(name, text)

    def _drain(self) -> None:
        for name, text, dropped in self.capture.drain():
            self._announce()
            self._transcript.write(name, text, dropped)

    def _announce(self) -> None:
        if announce := self.on_first_output:
            self.on_first_output = None
            announce()
