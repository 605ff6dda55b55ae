from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def path_slash(run: Run, *, seed: int) -> None:
    import random

    from pathlib import Path

    run.save(luck=random.random(), x=int((Path(__file__).parent / "data" / "a.txt").read_text()))


@experiment(smoke={}, seeds=1)
def path_joined(run: Run, *, seed: int) -> None:
    import os

    with open(os.path.join(os.path.dirname(__file__), "data", "b" + os.extsep + "txt")) as file:
        run.save(x=int(file.read()))


@experiment(smoke={}, seeds=1)
def path_parts(run: Run, *, seed: int) -> None:
    import random

    from .places import STEM, path_of

    run.save(luck=random.random(), x=int(path_of(STEM).read_text()))


@experiment(smoke={}, seeds=1)
def path_table(run: Run, *, seed: int) -> None:
    from .places import TABLE, path_of

    run.save(x=int(path_of(TABLE["small"]).read_text()))


@experiment(smoke={}, seeds=1)
def path_bytes(run: Run, *, seed: int) -> None:
    import os

    folder = os.fsencode(os.path.dirname(__file__))
    with open(os.path.join(folder, b"data", b"f.txt"), "rb") as file:
        run.save(x=int(file.read()))


@experiment(smoke={}, seeds=1)
def path_formatted(run: Run, *, seed: int) -> None:
    from .places import DATA

    letter = chr(103)
    run.save(x=int(open(f"{DATA}/{letter}.txt").read()), y=int(open("%s/%s.txt" % (DATA, "h")).read()))


@experiment(smoke={}, seeds=1)
def path_format(run: Run, *, seed: int) -> None:
    from .places import DATA

    run.save(x=int(open("{}/{name}.{}".format(DATA, "txt", name="i")).read()))


@experiment(smoke={}, seeds=1)
def path_changed(run: Run, *, seed: int) -> None:
    from .places import DATA

    run.save(x=int((DATA / "j.dat").with_suffix(".txt").read_text()), y=int(DATA.with_name("beside.txt").read_text()))


@experiment(smoke={}, seeds=1)
def path_resource(run: Run, *, seed: int) -> None:
    import pkgutil
    from importlib import resources

    text = resources.files("forms.paths").joinpath("data", "l.txt").read_text()
    run.save(x=int(text), y=int(pkgutil.get_data("forms.paths", "data/m.txt")))


@experiment(smoke={}, seeds=1)
def path_numbers(run: Run, *, seed: int) -> None:
    import numpy as np

    from .places import HERE

    run.save(x=np.loadtxt(HERE.joinpath("data").joinpath("k.csv"), delimiter=","))


@experiment(smoke={}, seeds=1)
def path_working(run: Run, *, seed: int) -> None:
    import os
    from pathlib import Path

    here = Path(os.path.relpath(Path(__file__).parent))
    run.save(x=int(Path("".join(["n", ".", "txt"])).joinpath("..").name == "..") or int((here / "data/n.txt").read_text()))


@experiment(smoke={}, seeds=1)
def path_reversed(run: Run, *, seed: int) -> None:
    from .places import DATA

    run.save(x=int((DATA / "txt.e"[::-1]).read_text()))
