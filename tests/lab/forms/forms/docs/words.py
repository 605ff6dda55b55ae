"""Words that are read: 5 of them."""


def read(x):
    """Read 3 things."""
    return x


def told(x):
    """Tell 4 things."""
    return x


def parsed(x):
    """Take options.

    Options:
        --rate: 0.5
        --steps: 7
    """
    return x


def tried(x):
    """Add.

    >>> 1 + 1
    2
    """
    return x


def unread(x):
    """Nobody reads 9 of this."""
    return x


class Spoken:
    """A class of 6 words."""

    def loud(self):
        """Louder by 2."""
        return 1

    @property
    def soft(self):
        """Softer by 1."""
        return 1


class Child(Spoken):
    def loud(self):
        return 2
