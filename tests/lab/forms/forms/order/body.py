ITEMS = []
ITEMS.append("a")
ITEMS.extend(["b", "c"])
ITEMS.insert(0, "d")

LEVEL = 1
LEVEL = LEVEL + 1
LEVEL *= 3
HELD = LEVEL
LEVEL -= 4

NAMES = {"x": 1}
NAMES.update(y=2)
NAMES["x"] = 3
COPY = dict(NAMES)
NAMES["z"] = 4

if len(COPY) > 1:
    MODE = "many"
else:
    MODE = "few"

for number in range(3):
    ITEMS.append(number)

LAST = number
del NAMES["y"]


def pick(x, of=LEVEL):
    return of + x


def late():
    return LEVEL


def choose():
    return 1


SAVED = choose


def choose():
    return 2


FUNCTIONS = [lambda: number for number in range(3)]
LEVEL = 50
