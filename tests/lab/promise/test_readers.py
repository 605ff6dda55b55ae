"""Data by whatever opens it: formats, libraries, threads, other processes."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from promise.case import Case, delete, write
from promise.trial import rows, stands

HERE = "import os\nfrom pathlib import Path\nHERE = Path(__file__).parents[1]"
X = {"toy/d/x.txt": "1"}
X12 = ("toy/d/x.txt", "1", "2")
TOOL = {"tool": "from pathlib import Path\nif __name__ == '__main__':\n    print(1 + 0)\n"}
SUB = "import subprocess, sys"


def database(number: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as connection:
            connection.execute("create table t (n)")
            connection.execute(f"insert into t values ({number})")
        connection.close()

    return make


def zipped(number: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("n.txt", str(number))

    return make


def npz(number: int) -> Callable[[Path], object]:
    return lambda path: np.savez(path, n=np.array(number))


def tensors(number: float) -> Callable[[Path], object]:
    from safetensors.numpy import save_file

    return lambda path: save_file({"n": np.array([number])}, path)


def saved(number: float) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        import torch

        torch.save({"n": torch.tensor([number])}, path)

    return make


def by(make: Callable[..., Callable[[Path], object]], name: str, top: str, body: str, **more: object) -> Case:
    """A file made with 1, then with 2."""
    return Case(f"{HERE}\n{top}", body, write(name, make(2)), {name: make(1)}, **more)  # type: ignore[arg-type]


# fmt: off
ROWS: dict[str, Case] = {
    "json names another file": Case(
        HERE + "\nimport json", "(HERE / json.loads((HERE / 'c.json').read_text())['file']).read_text()", X12,
        {**X, "toy/c.json": json.dumps({"file": "d/x.txt"})}),
    "json, another file is named": Case(
        HERE + "\nimport json", "(HERE / json.loads((HERE / 'c.json').read_text())['file']).read_text()", ("toy/c.json", "d/x", "d/y"),
        {**X, "toy/c.json": json.dumps({"file": "d/x.txt"}), "toy/d/y.txt": "9"}),
    "yaml": Case(HERE + "\nimport yaml", "yaml.safe_load((HERE / 'c.yaml').open())['n']", ("toy/c.yaml", "1", "2"), {"toy/c.yaml": "n: 1"}),
    "toml": Case(HERE + "\nimport tomllib", "tomllib.load(open(HERE / 'c.toml', 'rb'))['n']", ("toy/c.toml", "1", "2"), {"toy/c.toml": "n = 1"}),
    "ini": Case(HERE + "\nimport configparser", "c = configparser.ConfigParser()\nc.read([HERE / 'c.ini', HERE / 'd.ini'])\nrun.save(x=c['a']['n'])",
                write("toy/d.ini", "[a]\nn = 2"), {"toy/c.ini": "[a]\nn = 1"}),
    "csv": Case(HERE + "\nimport csv", "list(csv.reader(open(HERE / 'c.csv')))[0][0]", ("toy/c.csv", "1", "2"), {"toy/c.csv": "1,5"}),
    "fileinput": Case(HERE + "\nimport fileinput", "list(fileinput.input([str(HERE / 'd' / 'x.txt')]))[0]", X12, X),
    "linecache": Case(HERE + "\nimport linecache", "linecache.getline(str(HERE / 'd' / 'x.txt'), 1)", X12, X),
    "gzip": by(lambda n: lambda p: p.write_bytes(gzip.compress(b"%d" % n, mtime=0)), "toy/x.gz", "import gzip", "gzip.open(HERE / 'x.gz').read().decode()"),
    "zip": by(zipped, "toy/x.zip", "import zipfile", "zipfile.ZipFile(HERE / 'x.zip').read('n.txt').decode()"),
    "sqlite": by(database, "toy/x.db", "import sqlite3", "sqlite3.connect(HERE / 'x.db').execute('select n from t').fetchone()[0]"),
    "sqlite outside": by(database, "../store/x.db", "import sqlite3", "sqlite3.connect(HERE.parents[1] / 'store' / 'x.db').execute('select n from t').fetchone()[0]"),
    "npz": by(npz, "toy/x.npz", "import numpy as np", "int(np.load(HERE / 'x.npz')['n'])"),
    "npy, mapped": by(lambda n: lambda p: np.save(p, np.array([n])), "toy/x.npy", "import numpy as np", "int(np.load(HERE / ('x' + '.npy'), mmap_mode='r')[0])"),
    "loadtxt": Case(HERE + "\nimport numpy as np", "float(np.loadtxt(HERE / 'd' / 'x.txt'))", X12, X),
    "fromfile": Case(HERE + "\nimport numpy as np", "int(np.fromfile(HERE / 'd' / 'x.txt', dtype=np.uint8)[0])", X12, X),
    "memmap": Case(HERE + "\nimport numpy as np", "int(np.memmap(HERE / 'd' / 'x.txt', mode='r')[0])", X12, X),
    "mmap": Case(HERE + "\nimport mmap", "fd = os.open(HERE / 'd' / ('x' '.txt'), os.O_RDONLY)\nrun.save(x=mmap.mmap(fd, 0, prot=mmap.PROT_READ)[:1].decode())", X12, X),
    "os.open": Case(HERE, "os.read(os.open(str(HERE) + '/d/x' + '.txt', os.O_RDONLY), 9).decode()", X12, X),
    "os.open in a folder's descriptor": Case(HERE, "fd = os.open(HERE / 'd', os.O_RDONLY)\nrun.save(x=os.read(os.open('x' + '.txt', os.O_RDONLY, dir_fd=fd), 9).decode())", X12, X),
    "opener": Case(HERE, "open('x' + '.txt', opener=lambda name, flags: os.open(HERE / 'd' / name, flags)).read()", X12, X),
    "C library's fopen": Case(
        HERE + "\nimport ctypes", "c = ctypes.CDLL(None)\nc.fopen.restype = ctypes.c_void_p\nc.fgetc.argtypes = [ctypes.c_void_p]\n"
        "run.save(x=c.fgetc(c.fopen(str(HERE / 'd' / ('x' + '.t' + 'xt')).encode(), b'r')))", X12, X),
    "safetensors, numpy": by(tensors, "toy/x.safetensors", "from safetensors.numpy import load_file", "float(load_file(HERE / 'x.safetensors')['n'][0])"),
    "safetensors, safe_open": by(tensors, "toy/w/x.safetensors", "from safetensors import safe_open",
                                 "float(safe_open(str(HERE / 'w' / 'x') + '.safe' + 'tensors', 'np').get_tensor('n')[0])"),
    "torch.load": by(saved, "toy/x.pt", "import torch", "float(torch.load(HERE / ('x' + '.pt'))['n'][0])", torch=True),
    "torch.load, mapped": by(saved, "toy/x.pt", "import torch", "float(torch.load(str(HERE / 'x') + '.pt', mmap=True)['n'][0])", torch=True),
    "safetensors, torch": by(tensors, "toy/x.safetensors", "from safetensors.torch import load_file", "float(load_file(str(HERE / 'x') + '.safetensors')['n'][0])", torch=True),
    "importlib.resources": Case("from importlib import resources", "resources.files('toy').joinpath('d', 'x.txt').read_text()", X12, X),
    "importlib.resources of a package in the package": Case(
        "from importlib import resources", "resources.files('toy.p').joinpath('x' + '.txt').read_text()", ("toy/p/x.txt", "1", "2"),
        {"p/__init__": "", "toy/p/x.txt": "1"}),
    "pkgutil.get_data": Case("import pkgutil", "pkgutil.get_data('toy', 'd' + '/x.txt').decode()", X12, X),
    "loader's get_data": Case("import toy", "toy.__loader__.get_data(toy.__path__[0] + '/d/' + 'x.txt').decode()", X12, X),
    "pickle that names a function": Case(
        HERE + "\nimport pickle", "pickle.loads((HERE / 'f.pickle').read_bytes())()", ("a", "return 1", "return 2"),
        {"toy/f.pickle": b"ctoy.a\nf\n.", "a": "def f(): return 1"}),
    "file of an earlier run": Case(
        HERE, "p = HERE.parent / 'cache.txt'\nif not p.exists():\n    p.write_text('1')\nrun.save(x=p.read_text())", write("cache.txt", "2")),
    "cache outside, of an earlier run": Case(
        HERE, "p = HERE.parents[1] / 'cache.txt'\nif not p.exists():\n    p.write_text('1')\nrun.save(x=p.read_text())", write("../cache.txt", "2")),
    "counts its own runs": Case(
        HERE, "p = HERE / 'd' / 'x.txt'\nrun.save(x=p.read_text())", delete("toy/d/x.txt"), X),
    "thread": Case(HERE + "\nimport threading", "out = []\nt = threading.Thread(target=lambda: out.append((HERE / chr(100) / ('txt.x'[::-1])).read_text()))\nt.start()\nt.join()\nrun.save(x=out)", X12, X),
    "thread pool": Case(
        HERE + "\nfrom concurrent.futures import ThreadPoolExecutor", "with ThreadPoolExecutor(2) as pool:\n    found = list(pool.map(lambda n: (HERE / chr(100) / n).read_text(), ['txt.x'[::-1]]))\nrun.save(x=found)", X12, X),
    "pool of forks": Case(
        HERE + "\nimport multiprocessing as mp\ndef read(name):\n    return (HERE / chr(100) / name).read_text()",
        "with mp.get_context('fork').Pool(1) as pool:\n    found = pool.map(read, ['txt.x'[::-1]])\nrun.save(x=found)", X12, X),
    "pool of forks runs a module": Case(
        "import multiprocessing as mp\ndef late(_):\n    import importlib\n    return importlib.import_module('toy.' + 'a').f()",
        "with mp.get_context('fork').Pool(1) as pool:\n    found = pool.map(late, [0])\nrun.save(x=found)", ("a", "1", "2"), {"a": "def f(): return 1"}),
    "os.fork and a pipe": Case(
        HERE, "r, w = os.pipe()\nif os.fork() == 0:\n    os.write(w, (HERE / chr(100) / ('txt.x'[::-1])).read_bytes())\n    os._exit(0)\nos.wait()\nrun.save(x=os.read(r, 9).decode())", X12, X),
    "pool of spawned processes": Case(
        HERE + "\nimport multiprocessing as mp\nfrom toy.a import read",
        "with mp.get_context('spawn').Pool(1) as pool:\n    found = pool.map(read, ['txt.x'[::-1]])\nrun.save(x=found)", X12,
        {**X, "a": "from pathlib import Path\ndef read(name): return (Path(__file__).parent / chr(100) / name).read_text()"}),
    "module run as a process": Case(SUB, "subprocess.check_output([sys.executable, '-m', 'toy.tool'], text=True)", ("tool", "1 + 0", "2 + 0"), TOOL),
    "module run as a process, its import": Case(
        SUB, "subprocess.check_output([sys.executable, '-m', 'toy.tool'], text=True)", ("a", "1", "2"),
        {"tool": "from toy.a import N\nprint(N)", "a": "N = 1"}),
    "file run as a process": Case(SUB, "subprocess.check_output([sys.executable, 'toy/tool' + '.py'], text=True)", ("tool", "1 + 0", "2 + 0"), TOOL),
    "code on the command line": Case(SUB, "subprocess.check_output([sys.executable, '-c', 'import toy.' + 'a as a; print(a.N)'], text=True)", ("a", "1", "2"), {"a": "N = 1"}),
    "cat": Case(SUB, "subprocess.check_output(['cat', 'toy/d/' + 'x.txt'], text=True)", X12, X),
    "shell": Case("import os", "os.popen('cat toy/d/*').read()", X12, X),
    "shell script of the project": Case(SUB, "subprocess.check_output(['sh', 'run' + '.sh'], text=True)", write("run.sh", "echo 2"), {"run.sh": "echo 1"}),
    "shell with standard input": Case(HERE + "\n" + SUB, "subprocess.run(['cat'], stdin=open(HERE / chr(100) / ('txt.x'[::-1])), capture_output=True, text=True).stdout", X12, X),
    "asyncio process": Case(
        "import asyncio\nasync def cat():\n    p = await asyncio.create_subprocess_exec('cat', 'toy/d/' + 'x.txt', stdout=asyncio.subprocess.PIPE)\n"
        "    return (await p.communicate())[0].decode()", "asyncio.run(cat())", X12, X),
    "os.posix_spawn": Case(
        HERE, "r, w = os.pipe()\npid = os.posix_spawn('/bin/cat', ['cat', 'toy/d/' + 'x.txt'], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, w, 1)])\n"
        "os.waitpid(pid, 0)\nrun.save(x=os.read(r, 9).decode())", X12, X),
}
# fmt: on


@rows(ROWS, every=10)
def test_readers(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
