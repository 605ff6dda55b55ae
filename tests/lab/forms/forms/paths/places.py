from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE / "data"
STEM = "c"
ENDING = ".txt"
TABLE = {"small": "d", "big": "e"}


def path_of(name):
    return DATA / (name + ENDING)
