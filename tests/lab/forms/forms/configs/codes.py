def halve(x):
    return x / 2


def third(x):
    return x / 3


class Model:
    rate = 5

    def __init__(self, size=1):
        self.size = size

    def score(self):
        return self.size * self.rate


class Rival:
    def __init__(self, size=1):
        self.size = size

    def score(self):
        return -self.size
