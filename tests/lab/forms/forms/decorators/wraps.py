import functools
import inspect
from contextlib import contextmanager
from typing import get_type_hints


def plus(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args) + 1

    return call


def times(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args) * 10

    return call


def minus(n):
    def wrap(function):
        return lambda *args: function(*args) - n

    return wrap


def told(function):
    words = (inspect.getdoc(function) or "").split()
    return lambda *args: [function(*args), len(words), words[-1:]]


def typed(function):
    kinds = {name: getattr(kind, "__name__", str(kind)) for name, kind in get_type_hints(function).items()}
    return lambda *args: [function(*args), *sorted(kinds.items())]


def counted(function, start=[0]):
    start.append(len(start))
    return lambda *args: function(*args) + start[-1]


@contextmanager
def shifted(by):
    _state.append(by)
    yield _state[-1]
    _state.pop()


_state = [1]
