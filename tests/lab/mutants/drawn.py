"""Which mutants are tried: some of each kind."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from mutants.data import data
from mutants.effects import effects
from mutants.inside import inside
from mutants.names import rebound, swapped
from mutants.notes import annotated, documented
from mutants.order import reordered
from mutants.quiet import quiet
from mutants.source import Mutant, Source, definitions


def mutants(root: Path, package: str, files: Iterable[Path]) -> Iterator[Mutant]:
    """Yield every mutant of `files`, and of what lies beside them in `package`."""
    sources = [Source(root, file) for file in files]
    index = definitions(sources)
    for source in sources:
        yield from inside(source)
        yield from rebound(source, index)
        yield from swapped(source, index)
        yield from reordered(source)
        yield from annotated(source)
        yield from documented(source)
        yield from effects(source)
        yield from quiet(root, source)
    yield from data(root, package, sources, index)


def drawn(every: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """Return `count` mutants: a quarter inside definitions, and of the other kinds as many of each as can be."""
    chance = random.Random(seed)
    kinds: dict[str, list[Mutant]] = {}
    for mutant in every:
        kinds.setdefault(mutant.kind, []).append(mutant)
    for found in kinds.values():
        chance.shuffle(found)
    chosen = kinds.pop("inside")[: count // 4]
    while len(chosen) < count and any(kinds.values()):
        chosen += [found.pop() for found in kinds.values() if found]
    chosen = chosen[:count]
    chance.shuffle(chosen)
    return chosen
