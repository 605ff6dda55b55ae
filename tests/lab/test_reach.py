"""What an experiment reaches by roads that are easy to miss is in its manifest, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlblog.errors import ProjectError
from mlblog.lab import Code

HEAD = "from mlblog.lab import Run, experiment\n"
OTHER = HEAD + "@experiment(smoke=dict(x=1))\ndef o(run: Run, *, x, seed):\n    run.save(y=1)\n"
NS = {"toy/ns/b.py": "def f(): return 1"}
PACKAGE = {
    "toy/p/__init__.py": "from . import q\nfrom .q import g",
    "toy/p/q.py": "def f(): return 1\ndef g(): return 2",
}
A = {"toy/a.py": "def f(): return 1"}

# imports, what the experiment does, the other files, what it must reach
ROADS: dict[str, tuple[str, str, dict[str, str], str]] = {
    "folder without __init__": ("from toy.ns import b", "run.save(x=b.f())", NS, "toy.ns.b.f"),
    "… by its whole name": ("import toy.ns.b", "run.save(x=toy.ns.b.f())", NS, "toy.ns.b.f"),
    "… a name from it": ("from toy.ns.b import f", "run.save(x=f())", NS, "toy.ns.b.f"),
    "… handed on": ("import toy.ns.b\nfrom toy import ns", "m = ns; run.save(x=m.b.f())", NS, "toy.ns.b.f"),
    "another experiment's function": (
        "from toy.experiments.o import o", "o.function(run, x=1, seed=0)", {"toy/experiments/o.py": OTHER},
        "toy.experiments.o.o",
    ),
    "… through its module": (
        "from toy.experiments import o", "o.o.function(run, x=1, seed=0)", {"toy/experiments/o.py": OTHER},
        "toy.experiments.o.o",
    ),
    "package handed on": ("from toy import p", "m = p; run.save(x=m.q.f())", PACKAGE, "toy.p.q.f"),
    "submodule handed on": ("from toy import p", "m = p.q; run.save(x=m.f())", PACKAGE, "toy.p.q.f"),
    "submodule by getattr": ("from toy import p", "run.save(x=getattr(p, 'q').f())", PACKAGE, "toy.p.q.f"),
    "computed name in a package": ("from toy import p", "run.save(x=getattr(p, 'g' + '')())", PACKAGE, "toy.p.q.g"),
    "package by a star": (
        "from toy import s", "run.save(x=vars(s)['g']())", {**PACKAGE, "toy/s.py": "from toy.p.q import *"},
        "toy.p.q.g",
    ),
    "module in a list": ("from toy import a", "run.save(x=[m.f() for m in [a]])", A, "toy.a.f"),
    "attribute set on a module": (
        "from toy.a import f\nimport toy.patch", "run.save(x=f())",
        {"toy/a.py": "def f(): return g()\ndef g(): return 1",
         "toy/patch.py": "import toy.a\ndef new(): return 2\nsetattr(toy.a, 'g', new)"}, "toy.patch.new",
    ),
    "package attribute that another module's import sets": (
        "import toy.p\nimport toy.l", "run.save(x=toy.p.q.f())",
        {"toy/p/__init__.py": "", "toy/p/q.py": "def f(): return 1", "toy/l.py": "import toy.p.q"}, "toy.p.q.f",
    ),
    "class within a class": (
        "from toy.a import B", "run.save(x=B.In().m())",
        {"toy/a.py": "def g(): return 1\nclass B:\n    class In:\n        def m(self): return g()"}, "toy.a.g",
    ),
    "factory of a field": (
        "from toy.a import D", "run.save(x=D().v)",
        {"toy/a.py": "import dataclasses as d\ndef make(): return 1\n@d.dataclass\nclass D:\n"
                     "    v: int = d.field(default_factory=make)"}, "toy.a.make",
    ),
    "pattern of a match": (
        "from toy.a import f", "run.save(x=f(1))",
        {"toy/a.py": "class P: pass\ndef f(x):\n    match x:\n        case P(): return 1\n    return 2"}, "toy.a.P",
    ),
    "name that a comprehension shadows elsewhere": (
        "from toy.a import f", "run.save(x=f())",
        {"toy/a.py": "def g(): return 1\ndef f():\n    y = [g for g in [1]]\n    return g()"}, "toy.a.g",
    ),
}  # fmt: skip


def code(root: Path, files: dict[str, str]) -> Code:
    for name, text in {"toy/__init__.py": "", "toy/experiments/__init__.py": "", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Code(root, ["toy"])


@pytest.mark.parametrize("road", ROADS)
def test_road_leads_there(tmp_path: Path, road: str) -> None:
    imports, does, files, wanted = ROADS[road]
    trial = f"{HEAD}{imports}\n@experiment(smoke=dict(x=1))\ndef e(run: Run, *, x, seed):\n    {does}\n"
    found = code(tmp_path, {**files, "toy/experiments/e.py": trial})
    assert wanted in found.manifest("toy.experiments.e.e")


def test_decorator_around_an_experiment_counts(tmp_path: Path) -> None:
    trial = f"{HEAD}from toy.a import f\n@f\n@experiment(smoke=dict(x=1))\ndef e(run: Run, *, x, seed):\n    pass\n"
    assert "toy.a.f" in code(tmp_path, {**A, "toy/experiments/e.py": trial}).manifest("toy.experiments.e.e")


def test_reading_another_experiment_does_not_reach_its_code(tmp_path: Path) -> None:
    found = code(tmp_path, {"toy/experiments/o.py": OTHER})
    cell = "from toy.experiments.o import o\no.runs()"
    assert "toy.experiments.o.o" not in found.manifest_of(cell)
    assert "toy.experiments.o.o" in found.manifest_of(cell.replace("o.runs()", "o.function(None, x=1, seed=0)"))


def test_package_without_an_init_at_the_top_is_named(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    with pytest.raises(ProjectError, match=r"package 'toy', which has no __init__\.py"):
        Code(tmp_path, ["toy"])
