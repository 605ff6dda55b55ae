class First:
    def name(self):
        return "first"

    def chain(self):
        return ["first", *super().chain()]


class Second:
    def name(self):
        return "second"

    def chain(self):
        return ["second", *super().chain()]


class End:
    def chain(self):
        return ["end"]


class Both(First, Second, End):
    pass


class Ordered(type):
    def __new__(meta, name, bases, space):
        made = super().__new__(meta, name, bases, space)
        made.order = [key for key in space if not key.startswith("__")]
        return made


class Steps(metaclass=Ordered):
    def load(self):
        return 1

    def fit(self):
        return 2

    def score(self):
        return 3


class Tagged:
    found = []

    def __set_name__(self, owner, name):
        Tagged.found.append(name)


class Form:
    width = Tagged()
    height = Tagged()


class Plain:
    def b(self):
        return 1

    def a(self):
        return 2

    c = property(lambda self: 3)


def sealed(kind):
    kind.extra = kind.__name__ + "!"
    return kind


def doubled(kind):
    kind.extra = getattr(kind, "extra", "") * 2
    return kind


@doubled
@sealed
class Decorated:
    pass
