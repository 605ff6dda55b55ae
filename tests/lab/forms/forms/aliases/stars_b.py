def common():
    return "b"


def only_b():
    return 2


def _private():
    return 22
