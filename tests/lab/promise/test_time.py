"""Time of check: files that change while a run waits or runs, and files that change and keep their size and times."""

from __future__ import annotations

import os
from pathlib import Path

from promise.case import Case, delete, quietly, rename, shell, take, write
from promise.trial import rows, stands

HERE = "import os, signal\nfrom pathlib import Path\nHERE = Path(__file__).parents[1]"
NOW = "signal.raise_signal(signal.SIGUSR1)"
A = {"a": "def f(): return 1"}
TO2, TO1 = ("a", "return 1", "return 2"), ("a", "return 2", "return 1")
X, X2, X1 = {"toy/x.txt": "1"}, ("toy/x.txt", "1", "2"), ("toy/x.txt", "2", "1")
READ = "(HERE / 'x.txt').read_text()"
OLD = 1_600_000_000


CHECKED = f"""{HERE}
class Sum:
    n = 0
    def state_dict(self): return dict(n=self.n)
    def load_state_dict(self, state): self.n = state['n']
"""


def resumed(step: str, edit: object, files: dict[str, object], then: object = None, top: str = "") -> Case:
    """Four steps, the first two of them before it is killed and `edit` is done."""
    body = f"s = Sum()\nfor step in run.checkpoint(every=0, s=s).steps(4):\n    if step == 2: {NOW}\n    {step}\nrun.save(x=s.n)"
    return Case(CHECKED + top, body, then or nothing, files, killed=edit, changes=None, torch=True)  # type: ignore[arg-type]


def done(*steps: object):
    return lambda root: [take(root, step) for step in steps]  # type: ignore[arg-type]


def nothing(root: Path) -> None:
    pass


def aged(root: Path) -> None:
    for path in root.rglob("*"):
        os.utime(path, (OLD, OLD), follow_symlinks=False)


def dated(seconds: int):
    """Give every file one time."""
    return lambda root: [os.utime(path, (seconds, seconds)) for path in root.rglob("*") if ".git" not in path.parts]


# fmt: off
ROWS: dict[str, Case] = {
    "module edited before a late import, then undone": Case(
        HERE, f"{NOW}\nfrom toy.a import f\nrun.save(x=f())", TO1, A, during=done(TO2)),
    "module edited before a late import, undone with its times": Case(
        HERE, f"{NOW}\nfrom toy.a import f\nrun.save(x=f())", quietly(TO1), A, during=quietly(TO2)),
    "module edited before a late import, undone by git": Case(
        HERE, f"{NOW}\nfrom toy.a import f\nrun.save(x=f())", shell("git checkout -q ."), A, during=done(TO2)),
    "module edited before a late import, not undone": Case(
        HERE, f"{NOW}\nfrom toy.a import f\nrun.save(x=f())", nothing, A, during=done(TO2), changes=None),
    "module edited after its import, not undone": Case(
        HERE, f"from toy.a import f\n{NOW}\nrun.save(x=f())", nothing, A, during=done(TO2)),
    "module edited after its import, undone": Case(
        HERE, f"from toy.a import f\n{NOW}\nrun.save(x=f())", TO1, A, during=done(TO2), changes=None),
    "module edited between the imports of the experiment's module, undone": Case(
        f"{HERE}\n{NOW}\nfrom toy.a import f", "f()", TO1, A, during=done(TO2)),
    "module edited after its import at the top, undone": Case(
        f"{HERE}\nfrom toy.a import f\n{NOW}", "f()", TO1, A, during=done(TO2), changes=None),
    "module appears before a late import, then vanishes": Case(
        HERE, f"{NOW}\ntry:\n    from toy.b import f\nexcept ImportError:\n    f = lambda: 1\nrun.save(x=f())", delete("b"), during=write("b", "def f(): return 2")),
    "module that nothing names, edited before a late import, undone": Case(
        HERE + "\nimport importlib", f"{NOW}\nrun.save(x=importlib.import_module('toy.' + chr(97)).f())", TO1, A, during=done(TO2)),
    "helper at the root, edited before a late import, undone": Case(
        HERE, f"{NOW}\nimport helper\nrun.save(x=helper.N)", ("helper.py", "2", "1"), {"helper.py": "N = 1"}, during=done(("helper.py", "1", "2"))),
    "module run as a process, edited meanwhile, undone": Case(
        HERE + "\nimport subprocess, sys", f"{NOW}\nrun.save(x=subprocess.check_output([sys.executable, '-m', 'toy.a'], text=True))", ("a", "2", "1"), {"a": "print(1)"}, during=done(("a", "1", "2"))),
    "data edited before it is read, then undone": Case(HERE, f"{NOW}\nrun.save(x={READ})", X1, X, during=done(X2)),
    "data edited before it is read, undone with its times": Case(HERE, f"{NOW}\nrun.save(x={READ})", quietly(X1), X, during=quietly(X2)),
    "data edited before it is read, not undone": Case(HERE, f"{NOW}\nrun.save(x={READ})", nothing, X, during=done(X2), changes=None),
    "data edited after it is read, not undone": Case(HERE, f"x = {READ}\n{NOW}\nrun.save(x=x)", nothing, X, during=done(X2)),
    "data edited after it is read, with its times": Case(HERE, f"x = {READ}\n{NOW}\nrun.save(x=x)", nothing, X, during=quietly(X2)),
    "data edited after it is read, undone": Case(HERE, f"x = {READ}\n{NOW}\nrun.save(x=x)", X1, X, during=done(X2), changes=None),
    "data read twice, edited between, undone": Case(HERE, f"x = {READ}\n{NOW}\nrun.save(x=x + {READ})", X1, X, during=done(X2)),
    "data by a name that nothing tells, edited after it is read": Case(
        HERE, f"p = HERE / chr(120)\nx = p.read_text()\n{NOW}\nrun.save(x=x)", nothing, {"toy/x": "1"}, during=write("toy/x", "2")),
    "data by a name that nothing tells, edited before, undone": Case(
        HERE, f"{NOW}\nrun.save(x=(HERE / chr(120)).read_text())", write("toy/x", "1"), {"toy/x": "1"}, during=write("toy/x", "2")),
    "data outside, edited before it is read, undone": Case(
        HERE, f"{NOW}\nrun.save(x=open('@OUT@/x.txt').read())", write("../x.txt", "1"), {"../x.txt": "1"}, during=write("../x.txt", "2")),
    "data replaced by a rename, back later": Case(
        HERE, f"{NOW}\nrun.save(x={READ})", [rename("toy/x.txt", "toy/y.txt"), rename("toy/z.txt", "toy/x.txt"), rename("toy/y.txt", "toy/z.txt")],
        {**X, "toy/z.txt": "2"}, during=done(rename("toy/x.txt", "toy/y.txt"), rename("toy/z.txt", "toy/x.txt"), rename("toy/y.txt", "toy/z.txt"))),
    "data appears before it is looked for, then vanishes": Case(
        HERE, f"{NOW}\nrun.save(x=(HERE / 'y.txt').exists())", delete("toy/y.txt"), X, during=write("toy/y.txt", "2")),
    "folder listed while a file is in it, which vanishes": Case(
        HERE, f"{NOW}\nrun.save(x=len(os.listdir(HERE / 'd')))", delete("toy/d/y.txt"), {"toy/d/x.txt": "1"}, during=write("toy/d/y.txt", "2")),
    "experiment itself edited meanwhile": Case(HERE, f"{NOW}\nrun.save(x=1)", nothing, during=done(("experiments/find", "x=1", "x=2"))),
    "waiting: module edited and left": Case("from toy.a import f", "f()", nothing, A, queued=done(TO2), changes=None),
    "waiting: module edited, undone later": Case("from toy.a import f", "f()", TO1, A, queued=done(TO2)),
    "waiting: module edited with its times, undone later": Case("from toy.a import f", "f()", quietly(TO1), A, queued=quietly(TO2)),
    "waiting: data edited with its times, undone later": Case(HERE, READ, quietly(X1), X, queued=quietly(X2)),
    "waiting: data that nothing tells, edited with its times, undone later": Case(
        HERE, "(HERE / chr(120)).read_text()", quietly(write("toy/x", "1")), {"toy/x": "1"}, queued=quietly(write("toy/x", "2"))),
    "waiting: experiment's parameter edited, undone later": Case(
        "", "run.save(x=n)", ("experiments/find", "n=2", "n=1"), smoke="dict(n=1)", parameters="n: int = 0, ",
        queued=done(("experiments/find", "n=1", "n=2"))),
    "resumed after an edit of a function": resumed("s.n += f()", TO2, A, top="from toy.a import f"),
    "resumed after an edit of a function, with its times": resumed("s.n += f()", quietly(TO2), A, top="from toy.a import f"),
    "resumed after an edit of data": resumed(f"s.n += int({READ})", X2, X),
    "resumed after an edit of data that nothing tells": resumed("s.n += int((HERE / chr(120)).read_text())", write("toy/x", "2"), {"toy/x": "1"}),
    "resumed after an edit of data outside": resumed("s.n += int(open('@OUT@/x.txt').read())", write("../x.txt", "2"), {"../x.txt": "1"}),
    "resumed after an edit of what was read before": resumed(
        f"s.n += int({READ}) if step == 0 else 1", X2, X),
    "resumed after an edit of an unseen file that was read before": resumed(
        "s.n += int((HERE / chr(120)).read_text()) if step == 0 else 1", write("toy/x", "2"), {"toy/x": "1"}),
    "resumed after an edit of a helper at the root": resumed("import helper; s.n += helper.N", ("helper.py", "1", "2"), {"helper.py": "N = 1"}),
    "resumed after an edit of what was imported before": resumed(
        "if step == 0: import helper; s.n += helper.N", ("helper.py", "1", "2"), {"helper.py": "N = 1"}),
    "resumed after an alias means another": resumed(
        "s.n += loss(3)", ("experiments/find", "l1 as loss", "l2 as loss"), {"a": "def l1(x): return x\ndef l2(x): return x * x"}, top="from toy.a import l1 as loss\nfrom toy.a import l1, l2"),
    "resumed, nothing was edited": resumed("s.n += f()", nothing, A, top="from toy.a import f"),
    "branch of git": Case("from toy.a import f", "f()", shell("git checkout -q -b b; sed -i s/1/2/ toy/a.py; git -c user.name=t -c user.email=t@e commit -qam y; git checkout -q -; git checkout -q b"), A),
    "same size and time: module": Case("from toy.a import f", "f()", quietly(TO2), A, setup=aged),
    "same size and time: data": Case(HERE, READ, quietly(X2), X, setup=aged),
    "same size and time: data that nothing tells": Case(HERE, "(HERE / chr(120)).read_text()", quietly(write("toy/x", "2")), {"toy/x": "1"}),
    "same size and time: data outside": Case("", "open('@OUT@/x.txt').read()", shell("touch -r ../x.txt t; echo 2 > ../x.txt; touch -r t ../x.txt; rm t"), {"../x.txt": "1\n"}),
    "same size and time: by cp -p": Case("from toy.a import f", "f()", shell("sed s/1/2/ toy/a.py > t; touch -r toy/a.py t; cp -p t toy/a.py; rm t"), A),
    "same size and time: by a rename": Case("from toy.a import f", "f()", shell("sed s/1/2/ toy/a.py > t; touch -r toy/a.py t; mv t toy/a.py"), A),
    "same size and time: a link leads elsewhere": Case(
        HERE, READ, shell("ln -sfn y.txt toy/x.txt"), {"toy/y.txt": "2", "toy/z.txt": "1"}, setup=shell("ln -s z.txt toy/x.txt")),
    "same size and time: two files swapped": Case(
        HERE, "(HERE / 'p.txt').read_text() + '-' + (HERE / 'q.txt').read_text()",
        [rename("toy/p.txt", "toy/t.txt"), rename("toy/q.txt", "toy/p.txt"), rename("toy/t.txt", "toy/q.txt")], {"toy/p.txt": "1", "toy/q.txt": "2"}),
    "same size and time: two modules swapped": Case(
        "from toy.p import f\nfrom toy.q import g", "f() - g()", shell("cd toy; mv p.py t; mv q.py p.py; mv t q.py"),
        {"p": "def f(): return 1\ng = f", "q": "def g(): return 2\nf = g"}),
    "time in the future": Case("from toy.a import f", "f()", quietly(TO2), A, setup=shell("touch -d 2100-01-01 toy/a.py")),
    "time goes back": Case("from toy.a import f", "f()", [TO2, dated(OLD)], A),
    "every file has one time, as in a build": Case("from toy.a import f", "f()", [TO2, dated(OLD)], A, setup=dated(OLD)),
    "edited at once after the record": Case("from toy.a import f", "f()", [lambda root: (root / "toy/a.py").touch(), TO2], A),
    "stale bytecode that Python would believe": Case(
        "from toy.a import f", "f()", TO2, A,
        setup=shell("sed -i s/1/7/ toy/a.py; \"$PYTHON\" -m compileall -q --invalidation-mode unchecked-hash toy/a.py; sed -i s/7/1/ toy/a.py")),
    "stale bytecode of a helper that Python would believe": Case(
        "import helper", "helper.f()", quietly(("helper.py", "1", "2")), {"helper.py": "def f(): return 1"}),
    "cache is not JSON any more": Case("from toy.a import f", "f()", [TO2, write(".mlblog/cache/code.json", "{")], A),
    "cache of before the edit is put back": Case(
        "from toy.a import f", "f()", shell("cp -rp .mlblog/cache t 2>/dev/null || mkdir t; sed -i s/1/2/ toy/a.py; mkdir -p .mlblog/cache; cp -rp t/. .mlblog/cache; rm -r t"), A),
    "one file is data and a module": Case(
        HERE + "\nimport subprocess, sys\nfrom toy.tool import f", "[f(), (HERE / 'tool.py').read_text().count('9')]", ("tool", "# 9", "# 99"), {"tool": "def f(): return 1\n# 9"}),
    "one file is a module for one experiment and data for another": Case(
        HERE, "(HERE / 'tool.py').read_text().count('9')", ("tool", "# 9", "# 99"),
        {"tool": "def f(): return 1\n# 9", "experiments/other": "from mlblog.lab import experiment\nfrom toy.tool import f\n@experiment(smoke={}, seeds=1)\ndef other(run, *, seed):\n    run.save(x=f())"},
        first=("other",)),
}
# fmt: on


@rows(ROWS, every=10)
def test_time(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
