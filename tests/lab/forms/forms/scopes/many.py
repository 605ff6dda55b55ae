import asyncio
import threading
from collections import Counter, OrderedDict
from contextvars import ContextVar
from string import Template

STATE = 1
depth = ContextVar("depth", default=3)
local = threading.local()
local.level = 5


def step():
    global STATE
    STATE += 1
    return STATE


def outer():
    count = 1

    def inner():
        nonlocal count
        count += 2
        return count

    inner()
    return inner()


def squares():
    yield from (n * n for n in range(3))
    yield helper()


def helper():
    return 9


async def waited():
    return helper() + 1


def awaited():
    return asyncio.run(waited())


def matched(value):
    match value:
        case {"kind": "a", **rest}:
            return len(rest)
        case [first, *_]:
            return first
        case Leaf(size=n):
            return n
        case _:
            return helper()


class Leaf:
    size = 4
    __match_args__ = ("size",)


class Wrong(Exception):
    code = 3


def caught():
    try:
        raise Wrong
    except (Wrong, ValueError) as error:
        return error.code
    finally:
        step()


def walrus():
    return [last := n for n in range(3)][-1] + last


def spread(*values, base=2, **named):
    return sum(values) * base + len(named)


def late_bound():
    return [f() for f in [lambda n=n: n + STATE for n in range(2)]]


class Scoped:
    base = 2
    table = {"a": base}

    def read(self):
        return helper() + self.table["a"]


TEXT = Template("$a and $b")
COUNT = Counter("abracadabra")
