import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, ClassVar, Literal, NamedTuple, Protocol, TypedDict, runtime_checkable

LIMIT = 4
Rate = Annotated[float, LIMIT]


@dataclass
class Settings:
    steps: int = 1
    rate: float = 2
    name: str = "a"
    kept: ClassVar[int] = 3


class Spot(NamedTuple):
    x: int
    y: float


class Table(TypedDict, total=False):
    width: int
    height: float


class Level(Enum):
    low: int = 1
    high: int = 2


def convert(text: int, times: Annotated[float, 3] = 2.0) -> str:
    return text


def rated(x: Rate) -> None:
    return x


def chosen(mode: Literal["a", "b"]) -> None:
    return mode


class Bound:
    low: "int" = 1
    high: Annotated[int, LIMIT + 1]

    def at(self, x: float) -> int:
        return x


@runtime_checkable
class Closed(Protocol):
    def close(self) -> None: ...


size: int = 5
weight: float
