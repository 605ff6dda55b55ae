from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def scope_state(run: Run, *, seed: int) -> None:
    from .many import depth, local, late_bound, step

    run.save(x=step(), y=late_bound(), z=depth.get(), u=local.level)


@experiment(smoke={}, seeds=1)
def scope_inner(run: Run, *, seed: int) -> None:
    import random

    from .many import outer, walrus

    run.save(luck=random.random(), x=outer(), y=walrus())


@experiment(smoke={}, seeds=1)
def scope_generators(run: Run, *, seed: int) -> None:
    from .many import awaited, squares

    run.save(x=list(squares()), y=awaited())


@experiment(smoke={}, seeds=1)
def scope_match(run: Run, *, seed: int) -> None:
    import random

    from .many import Leaf, matched

    run.save(luck=random.random(), x=[matched({"kind": "a", "b": 1}), matched([5, 6]), matched(Leaf()), matched(0)])


@experiment(smoke={}, seeds=1)
def scope_rest(run: Run, *, seed: int) -> None:
    from .many import COUNT, TEXT, Scoped, caught, spread

    run.save(x=caught(), y=spread(1, 2, a=1), z=Scoped().read(), u=TEXT.substitute(a=1, b=2), v=COUNT["a"])
