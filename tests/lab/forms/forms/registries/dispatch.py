from functools import singledispatch, singledispatchmethod


@singledispatch
def size(value):
    return 0


@size.register
def _(value: int):
    return value


@size.register(str)
def _(value):
    return 10 * len(value)


class Meter:
    @singledispatchmethod
    def read(self, value):
        return 0

    @read.register
    def _(self, value: int):
        return value + 1

    @read.register
    def _(self, value: list):
        return len(value) + 20
