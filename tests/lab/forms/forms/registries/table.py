def double(x):
    return 2 * x


def square(x):
    return x * x


def negate(x):
    return -x


TABLE = {"double": double, "square": square}
CHOICES = [double, square, negate]
DEFAULT = next(iter(TABLE))
