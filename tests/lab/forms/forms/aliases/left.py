UNIT = 3
BASE = 4


def rise(x):
    return x + UNIT


def fall(x):
    return x - 1


def scale(x):
    return 2 * x


class Near:
    def at(self, x):
        return x * 3


class Far:
    def at(self, x):
        return x * 5
