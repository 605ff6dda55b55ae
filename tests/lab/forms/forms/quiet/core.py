import logging

from . import tables

log = logging.getLogger("forms.quiet.other")


def pick(split="train"):
    if split == "train":
        return 1
    return 2


def is_picture(name):
    return name.endswith(".png")


def compute(x):
    log.debug("computing")
    return tables.FORMS["plain"](x)
