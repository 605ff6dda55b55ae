"""The main module of processes that cells spawn: it stands in for the post, whose cells do not run there.

A function from a module works. One from a cell is looked up here, and says when it is called what is to be done.
It is run by its path and imports nothing, so that a process spawns quickly.
"""


class _Meta(type):
    def __call__(cls, *_: object, **__: object) -> None:
        raise RuntimeError(
            f"{cls.__name__} is defined in a cell, and a spawned process does not run the cells of its post;"
            " define it in a module, or use the start method 'fork'"
        )


def __getattr__(name: str) -> type:
    # pickle makes instances of a class without calling it; their methods say the same
    # … and what looks for doctests or tests here finds none
    if name.startswith("__") or not __name__.startswith("__"):
        raise AttributeError(name)
    return _Meta(name, (), {"__getattr__": lambda _, method: __getattr__(f"{name}.{method}")})
