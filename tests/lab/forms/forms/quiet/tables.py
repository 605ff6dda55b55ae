from enum import Enum


class Kind(Enum):
    A = 1
    B = 2


def plain(x):
    return x + 1


def fancy(x):
    return x + 2


FORMS = {"plain": plain}
FIRST = 10
SECOND = 20
