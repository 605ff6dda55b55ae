from mlblog.lab import Run, experiment


@experiment(smoke={}, seeds=1)
def dynamic_getattr(run: Run, *, seed: int) -> None:
    from . import named
    from .words import WHICH

    run.save(x=getattr(named, "".join(WHICH))())


@experiment(smoke={}, seeds=1)
def dynamic_attrgetter(run: Run, *, seed: int) -> None:
    import random
    import operator

    import forms.dynamic.tools

    get = operator.attrgetter("dynamic.tools.triple")
    run.save(luck=random.random(), x=get(forms)(2), y=operator.methodcaller("shut")(operator.attrgetter("Box")(forms.dynamic.tools)()))


@experiment(smoke={}, seeds=1)
def dynamic_eval(run: Run, *, seed: int) -> None:
    import builtins

    from .tools import double, triple
    from .words import EXPRESSION

    run.save(x=builtins.eval(EXPRESSION, {"triple": triple, "double": double}))


@experiment(smoke={}, seeds=1)
def dynamic_exec(run: Run, *, seed: int) -> None:
    from . import tools
    from .words import CODE

    space = dict(vars(tools))
    exec(compile(CODE, "made", "exec"), space)
    run.save(x=space["made"](2))


@experiment(smoke={}, seeds=1)
def dynamic_import(run: Run, *, seed: int) -> None:
    import random
    import importlib

    from .words import PLACE

    run.save(luck=random.random(), x=importlib.import_module(PLACE).alpha())


@experiment(smoke={}, seeds=1)
def dynamic_parts(run: Run, *, seed: int) -> None:
    from importlib import import_module as load

    name = ".".join(["forms", "dynamic", "oth" + "er"])
    run.save(x=load(name).beta(), y=__import__("forms.dynamic.named", fromlist=["beta"]).beta())


@experiment(smoke={}, seeds=1)
def dynamic_walk(run: Run, *, seed: int) -> None:
    import importlib
    import pkgutil

    from . import plugged

    found = [importlib.import_module(f"{plugged.__name__}.{one.name}") for one in pkgutil.iter_modules(plugged.__path__)]
    run.save(x=[one.ORDER for one in found], y=[one.__name__ for one in found])


@experiment(smoke={}, seeds=1)
def dynamic_members(run: Run, *, seed: int) -> None:
    import inspect

    from . import tools

    found = inspect.getmembers(tools, lambda one: getattr(one, "__name__", "").startswith("check"))
    run.save(x=[name for name, _ in found], y=[one(4) for _, one in found])


@experiment(smoke={}, seeds=1)
def dynamic_modules(run: Run, *, seed: int) -> None:
    import sys

    import forms.dynamic.named

    run.save(x=sys.modules["forms.dynamic." + "named"].alpha(), y=forms.dynamic.named.beta())


@experiment(smoke={}, seeds=1)
def dynamic_resolve(run: Run, *, seed: int) -> None:
    import pkgutil
    import pydoc

    from .words import SPEC

    run.save(x=pkgutil.resolve_name(SPEC)(4), y=pydoc.locate("forms.dynamic.tools.FACTOR"))


@experiment(smoke={}, seeds=1)
def dynamic_script(run: Run, *, seed: int) -> None:
    import runpy

    run.save(x=runpy.run_module("forms.dynamic." + "script")["RESULT"])


@experiment(smoke={}, seeds=1)
def dynamic_main(run: Run, *, seed: int) -> None:
    import runpy
    from pathlib import Path

    run.save(x=runpy.run_path(str(Path(__file__).with_name("main-script.py")), run_name="__main__")["RESULT"])


@experiment(smoke={}, seeds=1)
def dynamic_snippet(run: Run, *, seed: int) -> None:
    import random

    from pathlib import Path

    space = {}
    exec(Path(__file__).with_name("snippet.txt").read_text(), space)
    run.save(luck=random.random(), x=space["value"])


@experiment(smoke={}, seeds=1)
def dynamic_source(run: Run, *, seed: int) -> None:
    import inspect

    from .tools import triple

    run.save(x=inspect.getsource(triple))


@experiment(smoke={}, seeds=1)
def dynamic_globals(run: Run, *, seed: int) -> None:
    from .tools import double

    run.save(x=double.__globals__["FACTOR"], y=len(double.__code__.co_names), z=double.__module__)
