"""Where, when and with what a run was made, as its record says."""

from __future__ import annotations

from typing import Any

_CENTURY = 100 * 365 * 86_400  # seconds


class Environment(dict[str, Any]):
    """The environment of a record: the object in its file, and properties of plausible types.

    Versions of mlblog write different fields, and an edited record may hold anything, so each property has a default.
    """

    @property
    def commit(self) -> str:
        """The commit of the code; empty if there was none."""
        return str(self.get("commit") or "")

    @property
    def is_dirty(self) -> bool:
        """Whether files differed from the commit."""
        return bool(self.get("dirty"))

    @property
    def day(self) -> str:
        """The day on which it ran, in ISO form."""
        return str(self.get("date", ""))[:10]

    @property
    def device(self) -> str:
        """The kind of device and its name: `cpu: …` or `cuda: …`."""
        return str(self.get("device", "unknown device"))

    @property
    def kind(self) -> str:
        """The kind of device, as runs are asked for: `cpu` or `cuda`."""
        return "cuda" if self.device.startswith("cuda") else "cpu"

    @property
    def torch(self) -> str:
        """The version of torch; empty without torch."""
        return str(self.get("torch") or "")

    @property
    def seconds(self) -> float | None:
        """How long it ran; None if the record has no plausible number."""
        seconds = self.get("seconds")
        return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < _CENTURY else None

    @property
    def measured(self) -> frozenset[str]:
        """The names of measured results, which differ from run to run."""
        return frozenset(map(str, self._list("measured")))

    @property
    def accepted(self) -> list[Any]:
        """A line for each time that the record was accepted, the latest last (see `acceptance`)."""
        return self._list("accepted")

    @property
    def former_names(self) -> list[str]:
        """Names that the experiment has had, the latest last."""
        return [name for name in self._list("renamed") if isinstance(name, str)]

    def accepted_again(self, line: str) -> Environment:
        """Return a copy with one more line of acceptance."""
        return Environment(self, accepted=[*self.accepted, line])

    def renamed(self, name: str) -> Environment:
        """Return a copy with one more former name."""
        return Environment(self, renamed=[*self._list("renamed"), name])

    def with_changes(self, digest: str | None) -> Environment:
        """Return a copy with the digest of uncommitted changes to the packages; None if there were none."""
        return Environment(self, diff=digest)

    def _list(self, name: str) -> list[Any]:
        found = self.get(name)
        return found if isinstance(found, list) else []
