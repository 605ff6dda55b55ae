UNIT = 30
BASE = 40


def rise(x):
    return x + 100 * UNIT


def fall(x):
    return x - 100


def scale(x):
    return 200 * x


class Near:
    def at(self, x):
        return x * 300


class Far:
    def at(self, x):
        return x * 500
