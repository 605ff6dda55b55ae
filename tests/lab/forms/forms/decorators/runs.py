from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def decorated_twice(run: Run, *, seed: int) -> None:
    import random

    from .used import lowered, stacked

    run.save(luck=random.random(), x=stacked(2), y=lowered(2))


@experiment(smoke={}, seeds=1)
def decorated_doc(run: Run, *, seed: int) -> None:
    from .used import documented

    run.save(x=documented(2))


@experiment(smoke={}, seeds=1)
def decorated_types(run: Run, *, seed: int) -> None:
    import random

    from .used import annotated

    run.save(luck=random.random(), x=str(annotated(2)))


@experiment(smoke={}, seeds=1)
def decorated_counted(run: Run, *, seed: int) -> None:
    from .used import one, two

    run.save(x=one(2), y=two(2))


@experiment(smoke={}, seeds=1)
def decorated_partial(run: Run, *, seed: int) -> None:
    from .used import key, less, more

    run.save(x=more(1), y=less(1), z=sorted([(1, 2), (2, 1)], key=key))


@experiment(smoke={}, seeds=1)
def decorated_default(run: Run, *, seed: int) -> None:
    from .used import by_default, inside, remembered

    run.save(x=by_default(1), y=remembered(4), z=inside())
