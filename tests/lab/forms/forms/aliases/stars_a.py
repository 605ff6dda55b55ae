__all__ = ["common", "only_a"]


def common():
    return "a"


def only_a():
    return 1


def hidden():
    return 11
