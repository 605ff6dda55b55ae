from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def registry_table(run: Run, *, seed: int) -> None:
    from .table import CHOICES, TABLE

    run.save(x=TABLE["double"](3), y=CHOICES[1](5))


@experiment(smoke={}, seeds=1)
def registry_default(run: Run, *, seed: int) -> None:
    from .table import DEFAULT, TABLE

    run.save(x=DEFAULT, y=TABLE[DEFAULT](7))


@experiment(smoke={}, seeds=1)
def registry_entries(run: Run, *, seed: int) -> None:
    import random

    from .entries import ENTRIES

    run.save(luck=random.random(), x=list(ENTRIES), y=[f() for f in ENTRIES.values()])


@experiment(smoke={}, seeds=1)
def registry_asked(run: Run, *, seed: int) -> None:
    from .entries import ENTRIES

    run.save(x=ENTRIES["small"](), y=ENTRIES["extra"]())


@experiment(smoke={}, seeds=1)
def registry_plugins(run: Run, *, seed: int) -> None:
    from . import plugins
    from .entries import ENTRIES
    from .table import TABLE

    run.save(x=ENTRIES["hidden"](), y=TABLE["negate"](2), z=plugins.__name__)


@experiment(smoke={}, seeds=1)
def registry_subclass(run: Run, *, seed: int) -> None:
    import random

    from . import shapes
    from .base import Shape

    run.save(luck=random.random(), x=[kind.__name__ for kind in Shape.known], y=[kind.sides for kind in Shape.known], z=shapes.Square().area(3))


@experiment(smoke={}, seeds=1)
def registry_meta(run: Run, *, seed: int) -> None:
    from . import shapes
    from .base import Keeper

    run.save(x=list(Keeper.kept), y=Keeper.kept["Gold"].rank, z=shapes.Silver.rank)


@experiment(smoke={}, seeds=1)
def registry_yaml(run: Run, *, seed: int) -> None:
    import yaml

    from . import foreign

    run.save(x=yaml.safe_load("!point {x: 1, y: 2}").norm(), y=foreign.__name__)


@experiment(smoke={}, seeds=1)
def registry_kl(run: Run, *, seed: int) -> None:
    import random

    from torch.distributions import kl

    from .foreign import Lump

    run.save(luck=random.random(), x=kl.kl_divergence(Lump(validate_args=False), Lump(validate_args=False)))


@experiment(smoke={}, seeds=1)
def registry_copy(run: Run, *, seed: int) -> None:
    import copy

    from .foreign import Pair

    run.save(x=copy.copy(Pair(1)).x)


@experiment(smoke={}, seeds=1)
def registry_codec(run: Run, *, seed: int) -> None:
    import forms.registries.foreign

    run.save(x="abc".encode("mirrored").decode())


@experiment(smoke={}, seeds=1)
def registry_json(run: Run, *, seed: int) -> None:
    import json

    from .foreign import Bag, Encoder, Pair
    from collections.abc import Sized

    run.save(x=json.dumps(Pair(1), cls=Encoder), y=isinstance(Bag(), Sized))


@experiment(smoke={}, seeds=1)
def registry_subclasses(run: Run, *, seed: int) -> None:
    from .foreign import Plug

    run.save(x=[kind.__name__ for kind in Plug.__subclasses__()], y=Plug.__subclasses__()[0]().use())


@experiment(smoke={}, seeds=1)
def registry_dispatch(run: Run, *, seed: int) -> None:
    from .dispatch import Meter, size

    run.save(x=size(3), y=size("ab"), z=size(1.5), u=Meter().read(1), v=Meter().read([1]))
