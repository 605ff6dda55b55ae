"""Records of other experiments: read only where it is declared, and stale with what they rest on."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case, delete
from promise.trial import again, rows, stands

OTHER = """
    from mlblog.lab import experiment
    {top}
    @experiment(smoke={{}}, seeds=1{reads})
    def {name}(run, *, seed: int) -> None:
        run.save(value={value})
"""


def other(name: str, value: str, top: str = "", reads: str = "") -> dict[str, str]:
    return {
        f"experiments/{name}": OTHER.format(name=name, value=value, top=top, reads=f", reads={reads}" if reads else "")
    }


def reading(reads: str, top: str, body: str) -> dict[str, str]:
    """The experiment under attack, with its declaration."""
    declared = f", reads={reads}" if reads else ""
    lines = "\n".join(f"        {line}" for line in body.split("\n"))
    return {
        "experiments/find": f"""
    from mlblog.lab import experiment
    from toy.experiments.base import base
    {top}
    @experiment(smoke={{}}, seeds=1{declared})
    def find(run, *, seed: int) -> None:
{lines}
"""
    }


BASE = other("base", "f()", "from toy.a import f") | {"a": "def f(): return 1"}
A12 = ("a", "return 1", "return 2")
MEAN = "run.save(x=10 * base.runs().mean('value'))"
DECLARED = BASE | reading("['base']", "", MEAN)
MID = other("mid", "2 * base.runs().mean('value')", "from toy.experiments.base import base", "['base']")
OVER_MID = (
    BASE | MID | reading("['mid']", "from toy.experiments.mid import mid", "run.save(x=mid.runs().mean('value'))")
)
NEW = [A12, again("base")]


def case(files: dict[str, str], edit: object, **more: object) -> Case:
    return Case("", "", edit, files, first=more.pop("first", ("base",)), **more)  # type: ignore[arg-type]


# fmt: off
ROWS: dict[str, Case] = {
    "declared, the records are others now": case(DECLARED, NEW),
    "declared, the records are stale": case(DECLARED, A12, changes=False, stale=True),
    "declared, a record more": case(DECLARED | other("base", "f() + seed", "from toy.a import f"), [("experiments/base", "seeds=1", "seeds=2"), again("base")]),
    "declared, the record is deleted": case(DECLARED, delete("docs/results/base/smoke/base/seed-0.json")),
    "declared, an edit of the base that changes nothing": case(DECLARED, ("a", "return 1", "return 1  # one"), changes=False),
    "declared, another experiment changes": case(DECLARED | other("free", "1"), [("experiments/free", "value=1", "value=2"), again("free")], first=("base", "free"), changes=False),
    "declared as a tuple": case(BASE | reading("('base',)", "", MEAN), NEW),
    "declared, read in a thread": case(
        BASE | reading("['base']", "from concurrent.futures import ThreadPoolExecutor", "with ThreadPoolExecutor(1) as pool:\n    run.save(x=pool.submit(lambda: base.runs().mean('value')).result())"), NEW),
    "declared, of several seeds": case(BASE | other("base", "f() * (seed + 1)", "from toy.a import f") | reading("['base']", "", "run.save(x=list(map(float, base.runs().values('value'))))"), NEW),
    "chain, the first is stale": case(OVER_MID, A12, first=("base", "mid"), changes=False, stale=True),
    "chain, the first is recorded again": case(OVER_MID, NEW, first=("base", "mid"), changes=False, stale=True),
    "chain, all are recorded again": case(OVER_MID, [*NEW, again("mid")], first=("base", "mid")),
    "chain, an edit that changes nothing": case(OVER_MID, ("a", "return 1", "return 1  # one"), first=("base", "mid"), changes=False),
    "declared another than is read": case(BASE | other("free", "1") | reading("['free']", "", MEAN), NEW, first=("base", "free")),
    "not declared": case(BASE | reading("", "", MEAN), NEW),
    "not declared, at the top of the module": case(BASE | reading("", "BEST = base.runs().mean('value')", "run.save(x=BEST)"), NEW),
    "not declared, at the top of another module": case(
        BASE | {"b": "from toy.experiments.base import base\nBEST = base.runs().mean('value')"} | reading("", "from toy.b import BEST", "run.save(x=BEST)"), NEW),
    "not declared, in a thread": case(
        BASE | reading("", "from concurrent.futures import ThreadPoolExecutor", "with ThreadPoolExecutor(1) as pool:\n    run.save(x=pool.submit(lambda: base.runs().mean('value')).result())"), NEW),
    "not declared, in a thread started at the top": case(
        BASE | reading("", "import threading; OUT = []; T = threading.Thread(target=lambda: OUT.append(base.runs().mean('value'))); T.start()", "T.join()\nrun.save(x=OUT[0])"), NEW),
    "not declared, in a fork": case(
        BASE | reading("", "import os", "r, w = os.pipe()\nif os.fork() == 0:\n    os.write(w, str(base.runs().mean('value')).encode())\n    os._exit(0)\nos.wait()\nrun.save(x=os.read(r, 99).decode())"), NEW),
    "not declared, in a process": case(
        BASE | reading("", "import subprocess, sys", "code = 'from toy.experiments.base import base; print(base.runs().mean(\"value\"))'\nrun.save(x=subprocess.check_output([sys.executable, '-c', code], text=True))"), NEW),
    "not declared, by the command line": case(
        BASE | reading("", "import subprocess, sys", "import re\nout = subprocess.run([sys.executable, '-m', 'mlblog', 'status', '--scale', 'smoke', 'base'], capture_output=True, text=True).stdout\nrun.save(x='stale' in out)"), A12),
    "not declared, the file itself": case(
        BASE | reading("", "import json; from pathlib import Path", "path = Path('docs') / 'results' / 'base' / 'smoke' / 'base' / 'seed-0.json'\nrun.save(x=json.loads(path.read_text())['values']['value'])"), NEW),
    "not declared, the folder listed": case(
        BASE | reading("", "from pathlib import Path", "run.save(x=sum(1 for p in Path('docs/results/base').rglob('*.json')))"), [("experiments/base", "seeds=1", "seeds=2"), again("base")]),
    "not declared, through a store": case(
        BASE | reading("", "from mlblog.lab import FileStore; from pathlib import Path", "store = FileStore(Path('docs/results'), lock=Path('.mlblog/lock'), label='x')\nrun.save(x=store.read('base/smoke/base/seed-0.json').values['value'])"), NEW),
    "not declared, through the lab": case(
        BASE | reading("", "from mlblog.lab import Key, Lab, Project", "run.save(x=Lab(Project.find()).store.get(Key('base', 'smoke', {}, 0)).values['value'])"), NEW),
    "not declared, its reasons through the lab": case(
        BASE | reading("", "from mlblog.lab import Lab, Project", "lab = Lab(Project.find())\nrun.save(x=lab.states(lab.keys_of('base', 'smoke'))[0].name)"), A12),
    "not declared, inside `reading`": case(
        BASE | reading("", "from mlblog.lab import reading", "with reading():\n    x = base.runs().mean('value')\nrun.save(x=x)"), NEW),
    "another's function, called": case(
        BASE | reading("", "", "class R:\n    def save(self, value): self.value = value\nr = R()\nbase.function(r, seed=0)\nrun.save(x=r.value)"), A12),
    "another's parameters": case(BASE | other("base", "1") | reading("", "", "run.save(x=sorted(base.scales))"), ("experiments/base", "seeds=1", "seeds=1, small={}")),
    "another's number of seeds": case(BASE | reading("", "", "run.save(x=base.seeds)"), ("experiments/base", "seeds=1", "seeds=2")),
}
# fmt: on


@rows(ROWS, every=4)
def test_records(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
