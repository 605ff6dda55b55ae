ENTRIES = {}


def entry(function):
    ENTRIES[function.__name__] = function
    return function


def named(name):
    def keep(function):
        ENTRIES.setdefault(name, function)
        return function

    return keep


@entry
def small():
    return 1


@entry
def large():
    return 100


@named("extra")
def third():
    return 3


@named("extra")
def fourth():
    return 4
