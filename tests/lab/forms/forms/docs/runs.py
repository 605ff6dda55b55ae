from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def doc_read(run: Run, *, seed: int) -> None:
    from .reader import number
    from .words import read

    run.save(x=number(read))


@experiment(smoke={}, seeds=1)
def doc_module(run: Run, *, seed: int) -> None:
    from . import words
    from .reader import number

    run.save(x=number(words))


@experiment(smoke={}, seeds=1)
def doc_options(run: Run, *, seed: int) -> None:
    import random

    from .reader import options
    from .words import parsed

    run.save(luck=random.random(), x=[float(value) for _, value in options(parsed)])


@experiment(smoke={}, seeds=1)
def doc_examples(run: Run, *, seed: int) -> None:
    from .reader import examples
    from .words import tried

    run.save(x=examples(tried))


@experiment(smoke={}, seeds=1)
def doc_class(run: Run, *, seed: int) -> None:
    from .reader import number
    from .words import Child, Spoken

    run.save(x=number(Spoken), y=number(Child.loud), z=number(Spoken.soft))


@experiment(smoke={}, seeds=1)
def doc_attribute(run: Run, *, seed: int) -> None:
    from .reader import attribute
    from .words import told

    run.save(x=attribute(told))


@experiment(smoke={}, seeds=1)
def doc_help(run: Run, *, seed: int) -> None:
    import pydoc

    from .words import told

    run.save(x=pydoc.plain(pydoc.render_doc(told)))


@experiment(smoke={}, seeds=1)
def doc_unread(run: Run, *, seed: int) -> None:
    from .words import unread

    run.save(x=unread(1))
