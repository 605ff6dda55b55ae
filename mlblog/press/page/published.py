"""A published post, as seen by pages that cover many posts: metadata, citations, claims and reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from mlblog.claims import Claim
from mlblog.lab import Read
from mlblog.papers import cited_keys
from mlblog.press.kernel.output import Outputs
from mlblog.press.page.provenance import resting_on
from mlblog.press.page.verdicts import stated
from mlblog.press.source.document import Post, Prose

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_QUOTED = re.compile(r"""["']([A-Za-z_]\w*)["']""")


@dataclass(frozen=True)
class Judged:
    """A claim stated by a post.

    Attributes:
        claim: the claim.
        anchor: its HTML id on the post's page.
        reads: reads of the records behind its numbers.
    """

    claim: Claim
    anchor: str
    reads: tuple[Read, ...]


@dataclass(frozen=True)
class Published:
    """A post as input of pages that cover many posts.

    Attributes:
        post: its path and front matter, without parts.
        cites: keys of cited papers, in order, without the sources of its claims.
        claims: claims shown on its page, in order.
        experiments: experiments whose records it read.
        names: string literals in its code that may name recorded values, with repeats.
        reaches: dotted names of project code that its cells depend on.
    """

    post: Post
    cites: tuple[str, ...]
    claims: tuple[Judged, ...]
    experiments: tuple[str, ...]
    names: tuple[str, ...]
    reaches: tuple[str, ...]

    @property
    def is_draft(self) -> bool:
        """Whether its page appears in previews only."""
        return bool(self.post.meta.get("draft"))

    @classmethod
    def of(cls, post: Post, outputs: Outputs, reached: Iterable[str] = ()) -> Published:
        """Summarise a post that has run; `reached` are the names in its manifest."""
        text = "\n\n".join(part.source for part in post.parts if isinstance(part, Prose) and not part.verbatim)
        there = list(stated(post, outputs.settled()))
        behind = resting_on(post, outputs) if there else []
        return cls(
            Post(post.path, post.meta, ()),
            cited_keys(text, prose=True),
            tuple(Judged(one.claim, one.anchor, behind[one.unit]) for one in there),
            tuple(dict.fromkeys(str(read["experiment"]) for ran in outputs.ran for read in ran.reads)),
            tuple(name for unit in post.units for name in _QUOTED.findall(unit.code)),
            tuple(name for name in reached if all(part.isidentifier() for part in name.split("."))),
        )

    def to_json(self) -> dict[str, Any]:
        """This as JSON values."""
        return {
            "path": self.post.path,
            "front_matter": self.post.front_matter,
            "cites": self.cites,
            "claims": [[asdict(one.claim), one.anchor, [read.to_json() for read in one.reads]] for one in self.claims],
            "experiments": self.experiments,
            "names": self.names,
            "reaches": self.reaches,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Published:
        """The inverse of `to_json`."""
        meta = yaml.load(value["front_matter"], Loader=_LOADER)  # noqa: S506  # a safe loader
        claims = (
            Judged(Claim(**claim), anchor, tuple(map(Read.from_json, reads)))
            for claim, anchor, reads in value["claims"]
        )
        return cls(
            Post(value["path"], meta, ()),
            tuple(value["cites"]),
            tuple(claims),
            tuple(value["experiments"]),
            tuple(value["names"]),
            tuple(value["reaches"]),
        )
