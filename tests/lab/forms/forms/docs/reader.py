import doctest
import inspect
import re


def number(thing):
    found = re.findall(r"\d+", inspect.getdoc(thing) or "")
    return [int(digits) for digits in found]


def options(function):
    return re.findall(r"--(\w+): ([\d.]+)", function.__doc__)


def examples(function):
    return [one.want for one in doctest.DocTestParser().get_examples(function.__doc__)]


def attribute(thing, name="doc"):
    return getattr(thing, f"__{name}__")
