from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def ambient_shared(run: Run, *, seed: int) -> None:
    from . import early
    from .shared import STARTED, WEIGHT

    run.save(x=STARTED, y=WEIGHT, z=early.value())


@experiment(smoke={}, seeds=1)
def ambient_draw(run: Run, *, seed: int) -> None:
    import random

    import numpy as np
    import torch

    from .late import value

    run.save(n=value(), x=random.random(), y=np.random.rand(), z=torch.rand(1))


@experiment(smoke={}, seeds=1)
def ambient_patch(run: Run, *, seed: int) -> None:
    import statistics

    import forms.ambient.patch

    run.save(x=statistics.mean([1, 2]), y=statistics.mode([1, 1]))


@experiment(smoke={}, seeds=1)
def ambient_switches(run: Run, *, seed: int) -> None:
    import decimal
    import os

    import numpy as np
    import torch

    from . import switches

    run.save(
        x=str(decimal.Decimal(1) / 3), y=os.environ["FORMS_LEVEL"], z=torch.ones(1) / 3, u=switches.DRAWN,
        v=str(np.array([1 / 3])),
    )


@experiment(smoke={}, seeds=1)
def ambient_package(run: Run, *, seed: int) -> None:
    import statistics

    import torch

    from . import loader
    from .shared import SETTINGS

    run.save(x=sorted(SETTINGS), y=statistics.mean([1, 2]), z=torch.ones(1).sqrt(), u=loader.__name__)


@experiment(smoke={}, seeds=1)
def ambient_model(run: Run, *, seed: int) -> None:
    import torch

    from .late import WEIGHT

    model = torch.nn.Linear(3, 1)
    run.save(x=torch.relu(model(WEIGHT) - 0.1), y=torch.nn.functional.softmax(WEIGHT * model.weight, -1))
