FACTOR = 2


def double(x):
    return FACTOR * x


def triple(x):
    return 3 * x


class Box:
    level = 4

    def open(self):
        return self.level

    def shut(self):
        return -self.level


def check_low(x):
    return x < 3


def check_high(x):
    return x > 3
