from . import left, right

_WHERE = {"near": left, "far": right}


def __getattr__(name):
    side, _, attribute = name.partition("_")
    if side not in _WHERE:
        raise AttributeError(name)
    return getattr(_WHERE[side], attribute)
