from mlblog.lab import Run, experiment

from pathlib import Path

HERE = Path(__file__).parent


@experiment(smoke={}, seeds=1)
def folder_glob(run: Run, *, seed: int) -> None:
    import random

    run.save(luck=random.random(), x=[int(file.read_text()) for file in sorted((HERE / "globbed").glob("*.txt"))])


@experiment(smoke={}, seeds=1)
def folder_listed(run: Run, *, seed: int) -> None:
    import os

    run.save(x=[int(open(os.path.join(HERE, "listed", name)).read()) for name in sorted(os.listdir(HERE / "listed"))])


@experiment(smoke={}, seeds=1)
def folder_walked(run: Run, *, seed: int) -> None:
    import os

    found = [(name, folder) for folder, _, names in os.walk(f"{HERE}/walked") for name in names]
    run.save(x=sorted(name for name, _ in found), y=sum(int(Path(folder, name).read_text()) for name, folder in found))


@experiment(smoke={}, seeds=1)
def folder_scanned(run: Run, *, seed: int) -> None:
    import os

    run.save(x=sorted(one.name for one in os.scandir(os.path.join(str(HERE), "scanned"))))


@experiment(smoke={}, seeds=1)
def folder_iterated(run: Run, *, seed: int) -> None:
    folder = HERE.joinpath("iter" + "ated")
    run.save(x=[int(file.read_text()) for file in sorted(folder.iterdir())])


@experiment(smoke={}, seeds=1)
def folder_linked(run: Run, *, seed: int) -> None:
    run.save(x=int((HERE / "link" / "p.txt").read_text()))


@experiment(smoke={}, seeds=1)
def folder_asked(run: Run, *, seed: int) -> None:
    run.save(x=(HERE / "asked" / "q.txt").exists(), y=(HERE / "asked" / "p.txt").stat().st_size)


@experiment(smoke={}, seeds=1)
def folder_fallback(run: Run, *, seed: int) -> None:
    file = HERE / "asked" / "better.txt"
    try:
        text = file.read_text()
    except FileNotFoundError:
        text = "0"
    run.save(x=text)


@experiment(smoke={}, seeds=1)
def folder_counted(run: Run, *, seed: int) -> None:
    import glob

    run.save(x=len(glob.glob("**/*.txt", root_dir=HERE / "counted", recursive=True)))
