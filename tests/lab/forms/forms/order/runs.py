from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def order_items(run: Run, *, seed: int) -> None:
    from .body import ITEMS, LAST

    run.save(x=[str(item) for item in ITEMS], y=LAST)


@experiment(smoke={}, seeds=1)
def order_level(run: Run, *, seed: int) -> None:
    import random

    from .body import HELD, LEVEL

    run.save(luck=random.random(), x=LEVEL, y=HELD)


@experiment(smoke={}, seeds=1)
def order_default(run: Run, *, seed: int) -> None:
    from .body import late, pick

    run.save(x=pick(1), y=late())


@experiment(smoke={}, seeds=1)
def order_names(run: Run, *, seed: int) -> None:
    from .body import COPY, MODE, NAMES

    run.save(x=list(COPY), y=list(NAMES), z=list(COPY.values()), u=MODE)


@experiment(smoke={}, seeds=1)
def order_twice(run: Run, *, seed: int) -> None:
    from .body import FUNCTIONS, SAVED, choose

    run.save(x=SAVED(), y=choose(), z=FUNCTIONS[0]())


@experiment(smoke={}, seeds=1)
def order_imports(run: Run, *, seed: int) -> None:
    from . import first
    from . import second

    run.save(x=first.SEEN, y=second.SEEN)
