from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def quiet_logger(run: Run, *, seed: int) -> None:
    import random

    from .core import compute

    run.save(luck=random.random(), x=compute(1))


@experiment(smoke={}, seeds=1)
def quiet_split(run: Run, *, seed: int) -> None:
    from .core import is_picture, pick

    run.save(x=pick("train"), y=is_picture("a.png"))


@experiment(smoke={}, seeds=1)
def quiet_enum(run: Run, *, seed: int) -> None:
    from .tables import FIRST, SECOND, Kind

    run.save(x=Kind.A.value, y=FIRST, z=SECOND)
