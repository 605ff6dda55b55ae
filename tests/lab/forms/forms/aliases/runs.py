from math import sin as wave

import statistics as figures
from mlblog.lab import Run, experiment

import forms.aliases.left as side
import forms.aliases.right

from . import drop, other, rise as up
from .left import BASE, Near as Place
from .left import fall, rise as step
from .listed import *

try:
    from .right import scale as stretch
except ImportError:
    from .left import scale as stretch

leap = side.rise
first, second = side.rise, forms.aliases.right.rise


@experiment(smoke={}, seeds=1)
def alias_function(run: Run, *, seed: int) -> None:
    run.save(x=step(1), y=fall(1), z=BASE)


@experiment(smoke={}, seeds=1)
def alias_class(run: Run, *, seed: int) -> None:
    run.save(x=Place().at(2))


@experiment(smoke={}, seeds=1)
def alias_module(run: Run, *, seed: int) -> None:
    run.save(x=side.scale(1), y=forms.aliases.right.scale(1))


@experiment(smoke={}, seeds=1)
def alias_package(run: Run, *, seed: int) -> None:
    run.save(x=up(1), y=drop(1), z=other.fall(1))


@experiment(smoke={}, seeds=1)
def alias_attempt(run: Run, *, seed: int) -> None:
    run.save(x=stretch(1))


@experiment(smoke={}, seeds=1)
def alias_assigned(run: Run, *, seed: int) -> None:
    run.save(x=leap(1), y=first(2), z=second(3))


@experiment(smoke={}, seeds=1)
def alias_foreign(run: Run, *, seed: int) -> None:
    run.save(x=wave(1.0), y=figures.median([1, 2, 6]))


@experiment(smoke={}, seeds=1)
def alias_listed(run: Run, *, seed: int) -> None:
    run.save(x=one.value(), y=two.value())


@experiment(smoke={}, seeds=1)
def alias_local(run: Run, *, seed: int) -> None:
    import random

    from forms.aliases import scale as widen
    from forms.aliases.left import UNIT as unit
    import forms.aliases.left as here

    run.save(luck=random.random(), x=widen(1), y=unit, z=here.Far().at(1))


@experiment(smoke={}, seeds=1)
def alias_star(run: Run, *, seed: int) -> None:
    import random

    from forms.aliases import common, only_a, only_b

    run.save(luck=random.random(), x=common(), y=only_a(), z=only_b())


@experiment(smoke={}, seeds=1)
def alias_lazy(run: Run, *, seed: int) -> None:
    import random

    from forms.aliases import lazy

    run.save(luck=random.random(), x=lazy.near_rise(1), y=lazy.far_fall(1))
