"""Imported while a run is under way."""

from .shared import SETTINGS, STARTED, WEIGHT

STARTED.append("late")


def value():
    return len(STARTED)
