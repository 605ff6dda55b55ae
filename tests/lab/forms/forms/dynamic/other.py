def alpha():
    return 10


def beta():
    return 20
