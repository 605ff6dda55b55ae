from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def class_bases(run: Run, *, seed: int) -> None:
    import random

    from .parts import Both

    run.save(luck=random.random(), x=Both().name(), y=Both().chain())


@experiment(smoke={}, seeds=1)
def class_order(run: Run, *, seed: int) -> None:
    from .parts import Steps

    run.save(x=Steps.order, y=Steps().fit())


@experiment(smoke={}, seeds=1)
def class_names(run: Run, *, seed: int) -> None:
    from .parts import Form, Tagged

    run.save(x=Tagged.found, y=Form.__name__)


@experiment(smoke={}, seeds=1)
def class_vars(run: Run, *, seed: int) -> None:
    from .parts import Plain

    run.save(x=[name for name in vars(Plain) if len(name) == 1], y=Plain().b())


@experiment(smoke={}, seeds=1)
def class_decorated(run: Run, *, seed: int) -> None:
    from .parts import Decorated

    run.save(x=Decorated.extra)


@experiment(smoke={}, seeds=1)
def class_operators(run: Run, *, seed: int) -> None:
    from .protocol import Number

    with Number(1) as inner:
        total = (Number(1) + Number(2)).x
        raise ValueError
    run.save(
        total=total, inner=inner, items=list(Number(2)), call=Number(5)(2), other=Number(1).abc, kind=Number["a"],
        same=len({Number(1), Number(1)}), text=f"{Number(1):x}", sum=sum([Number(2)]).x, true=bool(Number(1)),
    )


@experiment(smoke={}, seeds=1)
def class_enum(run: Run, *, seed: int) -> None:
    import random

    from .protocol import Colour

    run.save(luck=random.random(), x=Colour.GREEN.value, y=Colour.RED.shade())


@experiment(smoke={}, seeds=1)
def class_members(run: Run, *, seed: int) -> None:
    from .protocol import Colour

    run.save(x=[colour.name for colour in Colour])


@experiment(smoke={}, seeds=1)
def class_dataclass(run: Run, *, seed: int) -> None:
    from .protocol import Row

    run.save(x=repr(Row(5, 6)), y=Row(1, 3) < Row(2, 2))


@experiment(smoke={}, seeds=1)
def class_named(run: Run, *, seed: int) -> None:
    from .protocol import Options, Place

    run.save(x=list(Place()), y=Place(5, 6)._asdict()["x"], z=sorted(Options.__required_keys__))


@experiment(smoke={}, seeds=1)
def class_layer(run: Run, *, seed: int) -> None:
    import random
    import torch

    from .protocol import Layer

    layer = Layer()
    run.save(luck=random.random(), x=layer(torch.ones(2)), y=[name for name, _ in layer.named_parameters()])


@experiment(smoke={}, seeds=1)
def class_function(run: Run, *, seed: int) -> None:
    import torch

    from .protocol import Cube, Items

    x = torch.tensor([2.0], requires_grad=True)
    y = Cube.apply(x)
    y.backward()
    batches = [batch.tolist() for batch in torch.utils.data.DataLoader(Items(), batch_size=3)]
    run.save(y=y, grad=x.grad, batches=batches)
