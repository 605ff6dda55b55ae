from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def config_yaml(run: Run, *, seed: int) -> None:
    from .load import from_yaml

    run.save(x=from_yaml("model").score())


@experiment(smoke={}, seeds=1)
def config_json(run: Run, *, seed: int) -> None:
    import random

    from .load import from_json

    run.save(luck=random.random(), x=[step(12) for step in from_json("steps")])


@experiment(smoke={}, seeds=1)
def config_toml(run: Run, *, seed: int) -> None:
    import tomllib

    from .load import HERE

    name = tomllib.loads((HERE / "main.toml").read_text())["data"]["file"]
    run.save(x=(HERE / name).read_text().split())


@experiment(smoke={}, seeds=1)
def config_ini(run: Run, *, seed: int) -> None:
    import configparser

    from . import codes
    from .load import HERE

    config = configparser.ConfigParser()
    config.read(HERE / "more.ini")
    run.save(x=getattr(codes, config["run"]["class"])(config.getint("run", "size")).score())


@experiment(smoke={}, seeds=1)
def config_table(run: Run, *, seed: int) -> None:
    import csv

    from . import codes
    from .load import HERE

    with (HERE / "table.csv").open() as file:
        run.save(x=[vars(codes)[row["name"]](float(row["weight"])) for row in csv.DictReader(file)])


@experiment(smoke={}, seeds=1)
def config_pickle(run: Run, *, seed: int) -> None:
    import random

    from .load import from_pickle

    function, model = from_pickle("kept.pickle")
    run.save(luck=random.random(), x=function(9), y=model.score())


@experiment(smoke={}, seeds=1)
def config_xml(run: Run, *, seed: int) -> None:
    from xml.etree import ElementTree

    from .load import HERE

    run.save(x=[int(layer.get("size")) for layer in ElementTree.parse(HERE / "state.xml").getroot()])
