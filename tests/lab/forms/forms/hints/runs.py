from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def hint_types(run: Run, *, seed: int) -> None:
    from typing import get_type_hints

    from .kinds import convert

    run.save(x={k: str(v) for k, v in get_type_hints(convert, include_extras=True).items()}["times"], y=str(get_type_hints(convert)["text"]))


@experiment(smoke={}, seeds=1)
def hint_metadata(run: Run, *, seed: int) -> None:
    import typing

    from .kinds import rated

    run.save(x=typing.get_type_hints(rated, include_extras=True)["x"].__metadata__[0])


@experiment(smoke={}, seeds=1)
def hint_fields(run: Run, *, seed: int) -> None:
    import dataclasses

    from .kinds import Settings

    run.save(x=[f"{one.name} {one.type}" for one in dataclasses.fields(Settings)])


@experiment(smoke={}, seeds=1)
def hint_casts(run: Run, *, seed: int) -> None:
    import random

    from dataclasses import fields

    from .kinds import Settings

    run.save(luck=random.random(), x=[one.type("7") for one in fields(Settings)])


@experiment(smoke={}, seeds=1)
def hint_signature(run: Run, *, seed: int) -> None:
    import inspect

    from .kinds import convert

    run.save(x=str(inspect.signature(convert)))


@experiment(smoke={}, seeds=1)
def hint_dictionary(run: Run, *, seed: int) -> None:
    from . import kinds
    from .kinds import Bound, Spot, Table

    run.save(
        x=str(Spot.__annotations__), y=str(Table.__annotations__), z=str(Bound.__annotations__["high"]),
        u=str(vars(kinds)["__annotations__"]),
    )


@experiment(smoke={}, seeds=1)
def hint_literal(run: Run, *, seed: int) -> None:
    from typing import get_args, get_type_hints

    from .kinds import chosen

    run.save(x=list(get_args(get_type_hints(chosen)["mode"])))


@experiment(smoke={}, seeds=1)
def hint_strings(run: Run, *, seed: int) -> None:
    from .strings import scaled

    run.save(x=eval(scaled.__annotations__["x"]), y=scaled.__annotations__["return"])


@experiment(smoke={}, seeds=1)
def hint_enum(run: Run, *, seed: int) -> None:
    import inspect

    from .kinds import Level

    run.save(x=str(inspect.get_annotations(Level)), y=Level.high.value)


@experiment(smoke={}, seeds=1)
def hint_getattr(run: Run, *, seed: int) -> None:
    from .kinds import Bound

    run.save(x=str(getattr(Bound.at, "__anno" + "tations__")["x"]))


@experiment(smoke={}, seeds=1)
def hint_unread(run: Run, *, seed: int) -> None:
    from .kinds import Bound, convert

    run.save(x=convert(1), y=Bound().at(2))
