import json
import pickle
from importlib import import_module
from pathlib import Path

import yaml

HERE = Path(__file__).parent


def from_yaml(name):
    config = yaml.safe_load((HERE / f"{name}.yaml").read_text())
    module, _, kind = config["model"].rpartition(".")
    return getattr(import_module(module), kind)(config["size"])


def from_json(name):
    config = json.loads((HERE / (name + ".json")).read_text())
    module = import_module(config["module"])
    return [getattr(module, one) for one in [config["function"], *config["then"]]]


def from_pickle(name):
    return pickle.loads((HERE / name).read_bytes())
