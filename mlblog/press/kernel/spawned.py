"""The `__main__` module of spawned processes, in place of the post, whose cells do not run there.

Functions from modules work. A name from a cell resolves to a class that raises with advice when called.
Run by path and without imports, so that processes spawn quickly.
"""


class _Meta(type):
    def __call__(cls, *_: object, **__: object) -> None:
        raise RuntimeError(
            f"{cls.__name__} is defined in a cell, and a spawned process does not run the cells of its post;"
            " define it in a module, or use the start method 'fork'"
        )


def __getattr__(name: str) -> type:
    # pickle creates instances without calling the class; their methods raise the same error
    # … and test collectors find nothing
    if name.startswith("__") or not __name__.startswith("__"):
        raise AttributeError(name)
    return _Meta(name, (), {"__getattr__": lambda _, method: __getattr__(f"{name}.{method}")})
