from functools import cache, partial, reduce

from .wraps import counted, minus, plus, shifted, times, told, typed


@plus
@times
def stacked(x):
    return x


@minus(3)
def lowered(x):
    return x


@told
def documented(x):
    """Give back what came."""
    return x


@typed
def annotated(x: int, y: float = 1.0) -> str:
    return x


@counted
def one(x):
    return x


@counted
def two(x):
    return x


def add(x, y):
    return x + y


def take(x, y):
    return x - y


more = partial(add, 5)
less = partial(take, y=5)
key = lambda pair: pair[1]


@cache
def remembered(x):
    return reduce(add, range(x))


def by_default(x, using=add, rate=len("four")):
    return using(x, rate)


def inside():
    with shifted(5) as now:
        return now
