"""Data by a path that is put together, listed, linked or moved: which file is it?"""

from __future__ import annotations

from pathlib import Path

from promise.case import Case, delete, link, rename, shell, write
from promise.trial import rows, stands

HERE = "import os\nfrom pathlib import Path\nHERE = Path(__file__).parents[1]"
X = {"toy/d/x.txt": "1"}
X12 = ("toy/d/x.txt", "1", "2")
NEW = write("toy/d/y.txt", "5")

# fmt: off
ROWS: dict[str, Case] = {
    "slash": Case(HERE, "(HERE / 'd' / 'x.txt').read_text()", X12, X),
    "joinpath": Case(HERE, "HERE.joinpath('d', 'x.txt').read_text()", X12, X),
    "os.path.join": Case(HERE, "open(os.path.join(os.path.dirname(os.path.dirname(__file__)), 'd', 'x.txt')).read()", X12, X),
    "concatenation": Case(HERE, "open(str(HERE) + '/d/' + 'x' + '.txt').read()", X12, X),
    "suffix joined to a stem": Case(HERE, "Path(str(HERE / 'd' / 'x') + '.txt').read_text()", X12, X),
    "with_suffix": Case(HERE, "(HERE / 'd' / 'x').with_suffix('.txt').read_text()", X12, X),
    "with_name": Case(HERE, "(HERE / 'd' / 'nothing').with_name('x' + '.' + 'txt').read_text()", X12, X),
    "constants of another module": Case(
        HERE + "\nfrom toy.a import FOLDER, NAME, END", "(HERE / FOLDER / (NAME + END)).read_text()", X12,
        {**X, "a": "FOLDER = 'd'\nNAME = 'x'\nEND = '.txt'"}),
    "computed letters": Case(HERE, "(HERE / chr(100) / ''.join(map(chr, [120, 46, 116, 120, 116]))).read_text()", X12, X),
    "reversed string": Case(HERE, "(HERE / 'txt.x/d'[::-1]).read_text()", X12, X),
    "format with %": Case(HERE, "(HERE / 'd' / ('%s.%s' % ('x', 'txt'))).read_text()", X12, X),
    "path relative to the working directory": Case("", "open('toy/d/' + 'x.txt').read()", X12, X),
    "chdir": Case(HERE, "os.chdir(HERE / 'd')\nrun.save(x=open('x' + '.txt').read())", X12, X),
    "bytes path": Case(HERE, "open(os.fsencode(HERE) + b'/d/' + b'x.txt').read()", X12, X),
    "expanded variable": Case("import os", "open(os.path.expandvars('$DATA_HOME/x.txt')).read()", X12, X,
                              env={"DATA_HOME": "toy/d"}),
    "variable names another folder": Case(
        "import os", "open(os.environ['DATA_HOME'] + '/x.txt').read()", lambda root: None, {**X, "toy/e/x.txt": "7"},
        env={"DATA_HOME": "toy/d"}, later={"DATA_HOME": "toy/e"}),
    "variable names the file, which is edited": Case(
        "import os", "open(os.environ['DATA_FILE']).read()", X12, X, env={"DATA_FILE": "toy/d/x.txt"}),
    "parameter names the file": Case(
        HERE, "run.save(x=(HERE / 'd' / which).read_text())", X12, X, smoke="dict(which='x.txt')", parameters="which: str = '', "),
    "glob": Case(HERE, "sorted(p.read_text() for p in HERE.glob('d/*.txt'))", X12, X),
    "glob, a new file": Case(HERE, "sorted(p.read_text() for p in HERE.glob('d/*.txt'))", NEW, X),
    "rglob, a new file in a new folder": Case(HERE, "sorted(p.name for p in HERE.rglob('*.txt'))", write("toy/e/y.txt", "5"), X),
    "glob by the glob module": Case(HERE + "\nimport glob", "len(glob.glob(str(HERE / 'd') + '/*'))", NEW, X),
    "iterdir, a new file": Case(HERE, "sorted(p.name for p in (HERE / 'd').iterdir())", NEW, X),
    "iterdir, a file less": Case(HERE, "sorted(p.name for p in (HERE / 'd').iterdir())", delete("toy/d/y.txt"), {**X, "toy/d/y.txt": "1"}),
    "iterdir of the parent of a named file": Case(
        HERE, "len(list((HERE / 'd' / 'x.txt').parent.iterdir()))", NEW, X),
    "listdir, a renamed file": Case(HERE, "sorted(os.listdir(HERE / 'd'))", rename("toy/d/x.txt", "toy/d/z.txt"), X),
    "listdir, a Python file": Case(HERE, "sorted(os.listdir(HERE / 'd'))", write("toy/d/new.py", ""), X),
    "listdir, an empty folder": Case(HERE, "sorted(os.listdir(HERE / 'd'))", lambda root: (root / "toy/d/e").mkdir(), X),
    "scandir, sizes": Case(HERE, "[e.stat().st_size for e in os.scandir(HERE / 'd')]", ("toy/d/x.txt", "1", "11"), X),
    "walk": Case(HERE, "sum(len(files) for _, _, files in os.walk(HERE / 'd'))", NEW, X),
    "walk of the package": Case(HERE, "len([f for _, _, fs in os.walk(HERE) for f in fs if f.endswith('.csv')])",
                                write("toy/e/new.csv", ""), X),
    "lines of all modules": Case(HERE, "sum(len(p.read_text()) for p in HERE.glob('*.py'))", ("a", "1", "12"), {"a": "X = 1"}),
    "exists, the file appears": Case(HERE, "(HERE / 'd' / 'y.txt').exists()", NEW, X),
    "exists, the file vanishes": Case(HERE, "(HERE / 'd' / 'x.txt').exists()", delete("toy/d/x.txt"), X),
    "is_dir, a file becomes a folder": Case(
        HERE, "(HERE / 'd' / 'x.txt').is_dir()", [delete("toy/d/x.txt"), lambda root: (root / "toy/d/x.txt").mkdir()], X),
    "os.access and os.path.isfile": Case(HERE, "os.path.isfile(HERE / 'd' / 'y.txt')", NEW, X),
    "first of several candidates that exists": Case(
        HERE, "next(p for p in (HERE / 'd' / 'y.txt', HERE / 'd' / 'x.txt') if p.exists()).read_text()", NEW, X),
    "try open, the file appears": Case(
        HERE, "try:\n    x = (HERE / 'd' / 'y.txt').read_text()\nexcept FileNotFoundError:\n    x = 'none'\nrun.save(x=x)", NEW, X),
    "size by stat": Case(HERE, "(HERE / 'd' / 'x.txt').stat().st_size", ("toy/d/x.txt", "1", "11"), X),
    "mode by stat": Case(HERE, "os.access(HERE / 'd' / 'x.sh', os.X_OK)", shell("chmod +x toy/d/x.sh"), {"toy/d/x.sh": "true"}),
    "linked file": Case(HERE, "(HERE / 'd' / 'x.txt').read_text()", write("../store/x.txt", "2"), {"../store/x.txt": "1"},
                        setup=link("toy/d/x.txt", "@OUT@/store/x.txt")),
    "linked folder": Case(HERE, "(HERE / 'd' / 'x.txt').read_text()", write("../store/x.txt", "2"), {"../store/x.txt": "1"},
                          setup=link("toy/d", "@OUT@/store")),
    "link that leads elsewhere now": Case(
        HERE, "(HERE / 'd' / 'now.txt').read_text()", link("toy/d/now.txt", "b.txt"), {"toy/d/a.txt": "1", "toy/d/b.txt": "2"},
        setup=link("toy/d/now.txt", "a.txt")),
    "text of a link": Case(HERE, "os.readlink(HERE / 'd' / 'now.txt')", link("toy/d/now.txt", "./a.txt"), {"toy/d/a.txt": "1"},
                           setup=link("toy/d/now.txt", "a.txt")),
    "file below the root, beside the package": Case(HERE, "(HERE.parent / 'data' / 'x.txt').read_text()", write("data/x.txt", "2"), {"data/x.txt": "1"}),
    "a folder beside the package, a new file": Case(HERE, "len(list((HERE.parent / 'data').iterdir()))", write("data/y.txt", "2"), {"data/x.txt": "1"}),
    "file outside the project": Case(HERE, "(HERE.parents[1] / 'store' / 'x.txt').read_text()", write("../store/x.txt", "2"), {"../store/x.txt": "1"}),
    "file outside, by its whole path": Case("", "open('@OUT@/store/x.txt').read()", write("../store/x.txt", "2"), {"../store/x.txt": "1"}),
    "folder outside, listed": Case("import os", "len(os.listdir('@OUT@/store'))", write("../store/y.txt", "2"), {"../store/x.txt": "1"}),
    "home folder": Case("from pathlib import Path", "(Path.home() / '.toyrc').read_text()", write("../home/.toyrc", "2"),
                        {"../home/.toyrc": "1"}, env={"HOME": "@OUT@/home"}),
    "file without an ending": Case(HERE, "(HERE / 'd' / 'VERSION').read_text()",
                                   write("toy/d/VERSION", "2"), {"toy/d/VERSION": "1"}),
    "hidden file": Case(HERE, "(HERE / '.config').read_text()", ("toy/.config", "1", "2"), {"toy/.config": "1"}),
    "name with spaces and accents": Case(HERE, "(HERE / 'd' / 'é x.txt').read_text()", ("toy/d/é x.txt", "1", "2"), {"toy/d/é x.txt": "1"}),
    "through ..": Case(HERE, "(HERE / 'experiments' / '..' / 'd' / 'x.txt').read_text()", X12, X),
    "ignored by git": Case(HERE, "(HERE / 'big.bin').read_bytes().hex()", write("toy/big.bin", b"2"), {"toy/big.bin": b"1", ".gitignore": "*.bin\n.mlblog\n"}),
    "a record's folder": Case(HERE, "len(list((HERE.parent / 'docs').rglob('*.md')))", write("docs/new.md", "2"), {"docs/x.md": "1"}),
    "pyproject": Case(HERE + "\nimport tomllib", "tomllib.loads((HERE.parent / 'pyproject.toml').read_text())['project']['version']",
                      ("pyproject.toml", 'version = "0"', 'version = "1"')),
    "its own source": Case("", "len(open(__file__).read())", ("experiments/find", "import experiment", "import experiment  # c")),
}
# fmt: on


@rows(ROWS, every=10)
def test_paths(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
