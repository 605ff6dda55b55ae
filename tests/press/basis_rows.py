"""What cells say, one case a row, and what is changed then that their outputs rest on."""

from __future__ import annotations

from basis_changes import (
    THE_FILE,
    THE_MODULE,
    Change,
    delete,
    edit,
    in_post,
    insert,
    prose,
    relink,
    remark,
    rezip,
    same_size_and_time,
    touch,
    write,
)

#: What a cell says, and what changes. `NAME` is the row's own module `toy/NAME.py`, file `data/NAME.txt`, post.
ROWS: dict[str, tuple[str, Change]] = {
    # IPython's syntax
    "%time": ("from toy.NAME import f\n%time print(f())", THE_MODULE),
    "%time of a name": ("from toy.NAME import WORD\nx = %time WORD\nx", THE_MODULE),
    "%%time": ("%%time\nfrom toy.NAME import f\nprint(f())", THE_MODULE),
    "%%capture": ("%%capture out\nfrom toy.NAME import f\nprint(f())\n```\n\n```python\nout.show()", THE_MODULE),
    "%prun": ("from toy.NAME import f\nx = %prun -q -r print(f())", THE_MODULE),
    "%timeit": ("from toy.NAME import f\nseen = []\n%timeit -n 1 -r 1 -q seen.append(f())\nseen", THE_MODULE),
    "question mark": ("from toy.NAME import g\nprint(g.__doc__)\n%pdoc g", THE_MODULE),
    "%run": ("%run toy/NAME.py", THE_MODULE),
    "%load_ext": ("%load_ext toy.NAMEext", edit("toy/NAMEext.py")),
    "get_ipython": ('get_ipython().run_line_magic("time", "from toy.NAME import f; print(f())")', THE_MODULE),
    "names = !": ("files = !cat data/NAME.txt\nfiles", THE_FILE),
    "! with a value": ("path = 'data/NAME.txt'\n!cat {path}", THE_FILE),
    "! of a module": ("import sys\n!{sys.executable} -m toy.NAME", THE_MODULE),
    "%%bash": ("%%bash\ncat data/NAME.t?t", THE_FILE),
    "%%bash, outside the project": ("%%bash\ncat OUTSIDE/NAME.t?t", edit("OUTSIDE/NAME.txt")),
    "%%bash and a variable": ("%%bash\necho $MLTEST_WORD", lambda *_: None),
    "%%writefile": ("%%writefile out/NAME.txt\nx\n", in_post("\nx\n", "\ny\n")),
    "%env": ("%env MLTEST_WORD", lambda *_: None),
    # texts that a display takes for what may be a file
    "a long text": (
        "from IPython.display import Markdown\nfrom toy.NAME import f\nMarkdown((f() + ' ') * 200)",
        THE_MODULE,
    ),
    "a text of several lines": (
        "from IPython.display import HTML\nfrom toy.NAME import f\nHTML('<b>' + f() + '</b>\\n' * 3)",
        THE_MODULE,
    ),
    # code of text
    "exec": ('exec("from toy.NAME import WORD; print(WORD)")', THE_MODULE),
    "exec of a constant of a module in use": (
        'from toy.NAME import g\ng()\nexec("from toy.NAME import WORD; print(WORD)")',
        THE_MODULE,
    ),
    "eval": ('import toy.NAME\neval("toy." + "NAME.WORD")', THE_MODULE),
    "timeit": ('import timeit\ntimeit.timeit("print(f())", "from toy.NAME import f", number=1);', THE_MODULE),
    "cProfile": (
        'import cProfile, io\nfrom toy.NAME import g\ncProfile.Profile().run("import toy.NAME as m; print(m.f())");',
        THE_MODULE,
    ),
    "runpy": ("import runpy\nrunpy.run_module('toy.' + 'NAME')['WORD']", THE_MODULE),
    "a computed import": ("import importlib\nimportlib.import_module('to' + 'y.NAME').WORD", THE_MODULE),
    "a pickle": ("import pickle\npickle.load(open('data/NAME.pickle', 'rb'))", THE_MODULE),
    "a pickle, of a module in use": (
        "import pickle\nfrom toy.NAME import g\ng()\npickle.load(open('data/NAME.pickle', 'rb'))",
        THE_MODULE,
    ),
    "a forked process": (
        "import multiprocessing\nfrom toy.NAME import f\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool:\n    print(pool.apply(f))",
        THE_MODULE,
    ),
    "a forked process that imports": (
        "import multiprocessing, importlib\ndef work():\n    return importlib.import_module('toy' + '.NAME').WORD\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool:\n    print(pool.apply(work))",
        THE_MODULE,
    ),
    "a class in a logging configuration": (
        "from logging.config import dictConfig\n"
        "dictConfig({'version': 1, 'formatters': {'x': {'()': 'toy.NAME' + '.f'}}})\n"
        "import sys\nsys.modules['toy.' + 'NAME'].f()",
        THE_MODULE,
    ),
    "a docstring": ("from toy.NAME import g\ng.__doc__", THE_MODULE),
    # inputs
    "a computed name": ("name = 'NAME'\nopen(f'data/{name}.txt').read()", THE_FILE),
    "below the results": ("name = 'NAME'\nopen(f'docs/results/{name}.txt').read()", edit("docs/results/NAME.txt")),
    "a database": (
        "import sqlite3\nname = 'NAME'\nsqlite3.connect(f'data/{name}.db').execute('select * from t').fetchall()",
        insert,
    ),
    "a database by URI": (
        "import sqlite3\nsqlite3.connect('file:data/NAME.db?mode=ro', uri=True).execute('select * from t').fetchall()",
        insert,
    ),
    "a program with a computed path": (
        "import subprocess\nname = 'NAME'\nsubprocess.run(['cat', f'data/{name}.txt'], capture_output=True).stdout",
        THE_FILE,
    ),
    "a shell with a computed path": (
        "import subprocess\nsubprocess.check_output('cat data/*NAME.txt', shell=True)",
        THE_FILE,
    ),
    "os.system": ("import os\nos.system('cat data/NAME.txt')", THE_FILE),
    "os.popen": ("import os\nos.popen('cat data/NAME.txt').read()", THE_FILE),
    "os.path.exists": ("import os\nname = 'NAME'\nos.path.exists(f'data/{name}.new')", write("data/NAME.new")),
    "Path.exists": ("from pathlib import Path\nPath('data', 'NAME' + '.txt').exists()", delete("data/NAME.txt")),
    "os.path.getsize": ("import os\nos.path.getsize('data/NAME.txt')", write("data/NAME.txt", "longer\n")),
    "os.path.getmtime": ("import os\nos.path.getmtime('data/NAME.txt')", touch("data/NAME.txt")),
    "Path.stat": ("from pathlib import Path\nPath('data/NAME.txt').stat().st_mtime", touch("data/NAME.txt")),
    "sizes by os.scandir": (
        "import os\n[e.stat().st_size for e in os.scandir('folders/NAME')]",
        write("folders/NAME/a", "longer\n"),
    ),
    "a folder": ("import os\nos.listdir('folders/NAME')", write("folders/NAME/b")),
    "a folder by bytes": ("import os\nos.listdir(b'folders/NAME')", write("folders/NAME/b")),
    "a pattern": ("import glob\nlen(glob.glob('folders/NAME/*'))", write("folders/NAME/b")),
    "a pattern in folders": (
        "from pathlib import Path\nlen(list(Path('folders').rglob('NAME*')))",
        write("folders/x/NAME"),
    ),
    "a walk": ("import os\nsorted(f for _, _, fs in os.walk('folders/NAME') for f in fs)", write("folders/NAME/c/d")),
    "bytes": ("open(b'data/NAME.txt').read()", THE_FILE),
    "a descriptor": ("import os\nos.read(os.open('data/NAME.txt', os.O_RDONLY), 9)", THE_FILE),
    "a folder's descriptor": (
        "import os\nos.read(os.open('NAME.txt', os.O_RDONLY, dir_fd=os.open('data', os.O_RDONLY)), 9)",
        THE_FILE,
    ),
    "after chdir": ("import os\nos.chdir('data')\nopen('NAME.txt').read()", THE_FILE),
    "a thread": (
        "import threading\nt = threading.Thread(target=lambda: print(*open('data/NAME.txt')))\nt.start()\nt.join()",
        THE_FILE,
    ),
    "threads of the standard library": (
        "from concurrent.futures import ThreadPoolExecutor\nfrom pathlib import Path\n"
        "list(ThreadPoolExecutor(1).map(Path.read_text, [Path('data/NAME.txt')]))",
        THE_FILE,
    ),
    "numpy": ("import numpy as np\nnp.genfromtxt('data/NAME.txt', dtype=str)", THE_FILE),
    "numpy.fromfile": ("import numpy as np\nnp.fromfile('data/NAME.txt', dtype='u1')", THE_FILE),
    "mmap": (
        "import mmap\nf = open('data/NAME.txt', 'rb')\nmmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:]",
        THE_FILE,
    ),
    "a style": (
        "import matplotlib.pyplot as plt\nplt.style.use('data/NAME.mplstyle')\nplt.rcParams['lines.linewidth']",
        write("data/NAME.mplstyle", "lines.linewidth: 7\n"),
    ),
    "outside the project": ("open('OUTSIDE/NAME.txt').read()", edit("OUTSIDE/NAME.txt")),
    "a file outside the project that is not there": (
        "import os\nos.path.exists('OUTSIDE/NAME.new')",
        write("OUTSIDE/NAME.new"),
    ),
    "a module outside the project": (
        "import sys\nsys.path.append('OUTSIDE')\nimport NAMEoutside\nNAMEoutside.WORD",
        edit("OUTSIDE/NAMEoutside.py"),
    ),
    "a module beside the packages": ("import NAMEbeside\nNAMEbeside.WORD", edit("NAMEbeside.py")),
    "a module that was not there": (
        "try:\n    import NAMEnew\n    print(NAMEnew.x)\nexcept ImportError:\n    print('none')",
        write("NAMEnew.py", "x = 1\n"),
    ),
    "a submodule that was not there": (
        "import importlib\ntry:\n    importlib.import_module('toy.NAMEnew')\nexcept ImportError as e:\n    print(e)",
        write("toy/NAMEnew.py", "x = 1\n"),
    ),
    "find_spec": (
        "from importlib.util import find_spec\nfind_spec('NAMEnew') is None",
        write("NAMEnew.py", "x = 1\n"),
    ),
    "what an earlier cell read": ("text = open('data/NAME.txt').read()\n```\n\n```python\ntext", THE_FILE),
    "what an expression reads": ("1\n```\n\n`{python} open('data/NAME.txt').read()`\n\n```python\n2", THE_FILE),
    "a variable": ("import os\nos.environ.get('MLTEST_WORD')", lambda *_: None),
    "a variable in bytes": ("import os\nos.environb.get(b'MLTEST_WORD')", lambda *_: None),
    "a variable that is asked for": ("import os\n'MLTEST_NEW' in os.environ", lambda *_: None),
    "all variables": ("import os\nlen([x for x in os.environ if x.startswith('MLTEST')])", lambda *_: None),
    "a variable in a path": ("import os\nos.path.expandvars('$MLTEST_WORD')", lambda *_: None),
    "a root matplotlibrc": (
        "import matplotlib\nmatplotlib.rcParams['lines.linewidth']",
        write("matplotlibrc", "lines.linewidth: 5\n"),
    ),
    # same size and time
    "a file of the same size and time": ("open('data/NAME.txt').read()", same_size_and_time("data/NAME.txt")),
    "a module of the same size and time": ("from toy.NAME import f\nf()", same_size_and_time("toy/NAME.py")),
    # lines
    "a logged line": (
        "import logging, sys\nlog = logging.getLogger('NAME')\nlog.propagate = False\n"
        "handler = logging.StreamHandler(sys.stdout)\nhandler.setFormatter(logging.Formatter('%(lineno)d'))\n"
        "log.addHandler(handler)\nlog.error('x')",
        prose,
    ),
    "a line logged by a file's format": (
        "import logging, sys\nlog = logging.getLogger('NAME')\nlog.propagate = False\n"
        "handler = logging.StreamHandler(sys.stdout)\n"
        "handler.setFormatter(logging.Formatter(open('data/format.txt').read()))\nlog.addHandler(handler)\nlog.error('x')",
        prose,
    ),
    "currentframe": ("import inspect\ninspect.currentframe().f_lineno", prose),
    "a frame by another module": ("import toy.where\ntoy.where.line()", prose),
    "a warning": ("import warnings\nwarnings.warn('x')", prose),
    "a recorded warning": (
        "import warnings\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n"
        "    warnings.warn('x')\nw[0].lineno",
        prose,
    ),
    "a traceback's line": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e.__traceback__.tb_lineno)",
        prose,
    ),
    "a line of code": ("def f():\n    pass\nf.__code__.co_firstlineno", prose),
    "a semicolon": ("'v1'", in_post("'v1'", "'v1';")),
    "a semicolon and a remark": ("'v1'", in_post("'v1'", "'v1';  # quiet")),
    "a semicolon goes": ("'v1';  # quiet", in_post("'v1';  # quiet", "'v1'  # loud")),
    # further cases of the same kinds
    "%sx": ("%sx cat data/NAME.txt", THE_FILE),
    "%%python": ("%%python\nprint(open('data/NAME.txt').read())", THE_FILE),
    "%cd": ("%cd -q data\nopen('NAME.txt').read()", THE_FILE),
    "%load_ext autoreload": ("%load_ext autoreload\n%autoreload 2\nfrom toy.NAME import f\nf()", THE_MODULE),
    "help": ("from toy.NAME import g\nhelp(g)", THE_MODULE),
    "dis": ("import dis\nfrom toy.NAME import f\ndis.dis(f)", remark),
    "lines of a module in a log": (
        "import logging, sys\nfrom toy.NAME import log\nlogger = logging.getLogger('NAME')\n"
        "handler = logging.StreamHandler(sys.stdout)\nhandler.setFormatter(logging.Formatter('%(lineno)d'))\n"
        "logger.addHandler(handler)\nlogger.propagate = False\nlog(logger)",
        remark,
    ),
    "a warning of a module": ("from toy.NAME import warn\nwarn()", remark),
    "an error of a module": (
        "from toy.NAME import fail\ntry:\n    fail()\n"
        "except Exception as e:\n    print(e.__traceback__.tb_next.tb_lineno)",
        remark,
    ),
    "linecache": ("import linecache\nlinecache.getline('data/NAME.txt', 1)", THE_FILE),
    "runpy.run_path": ("import runpy\nrunpy.run_path('NAMEbeside.py')['WORD']", edit("NAMEbeside.py")),
    "pkgutil": ("import pkgutil\nname = 'NAME'\npkgutil.get_data('toy', f'{name}.cfg')", edit("toy/NAME.cfg")),
    "resources": (
        "from importlib.resources import files\nname = 'NAME'\n(files('toy') / f'{name}.cfg').read_text()",
        edit("toy/NAME.cfg"),
    ),
    "gzip, codecs, fileinput": (
        "import codecs, fileinput\nnext(fileinput.input('data/NAME.txt')), codecs.open('data/NAME.txt').read()",
        THE_FILE,
    ),
    "numpy.memmap": ("import numpy as np\nbytes(np.memmap('data/NAME.txt'))", THE_FILE),
    "shutil.copy": (
        "import shutil\nshutil.copy('data/NAME.txt', 'out/NAME.copy')\nopen('out/NAME.copy').read()",
        THE_FILE,
    ),
    "filecmp": ("import filecmp\nfilecmp.cmp('data/NAME.txt', 'docs/results/NAME.txt', shallow=False)", THE_FILE),
    "os.access": ("import os\nos.access('data/NAME.new', os.R_OK)", write("data/NAME.new")),
    "iterdir": ("from pathlib import Path\nlen(list(Path('folders/NAME').iterdir()))", write("folders/NAME/b")),
    "os.getenv": ("import os\nos.getenv('MLTEST_WORD', 'none')", lambda *_: None),
    "a copy of the variables": ("import os\nos.environ.copy()['MLTEST_WORD']", lambda *_: None),
    "a variable of a module": ("from toy.NAME import variable\nvariable()", lambda *_: None),
    "a file of a module": ("from toy.NAME import read\nread('NAME')", THE_FILE),
    "a method by name": ("import operator\nimport toy.NAME\noperator.methodcaller('f')(toy.NAME)", THE_MODULE),
    "an expression in Markdown": (
        "1\n```\n\n`{python} __import__('toy.NAME', fromlist=['f']).f()`\n\n```python\n2",
        THE_MODULE,
    ),
    "a process pool": (
        "from concurrent.futures import ProcessPoolExecutor\nfrom multiprocessing import get_context\n"
        "with ProcessPoolExecutor(1, mp_context=get_context('fork')) as pool:\n"
        "    print(list(pool.map(open('data/NAME.txt').read().count, ['1'])))",
        THE_FILE,
    ),
    "a file of a forked process": (
        "from multiprocessing import get_context\nfrom pathlib import Path\n"
        "with get_context('fork').Pool(1) as pool:\n    print(pool.map(Path.read_text, [Path('data/NAME.txt')]))",
        THE_FILE,
    ),
    "a variable of a forked process": (
        "from multiprocessing import get_context\nimport os\n"
        "with get_context('fork').Pool(1) as pool:\n    print(pool.map(os.getenv, ['MLTEST_WORD']))",
        lambda *_: None,
    ),
    "a link": ("open('data/NAME.link').read()", relink),
    "an archive": ("import zipfile\nzipfile.ZipFile('data/NAME.zip').read('a')", rezip),
    "a module in an archive": ("import sys\nsys.path.insert(0, 'data/NAME.zip')\nimport NAMEz\nNAMEz.WORD", rezip),
    "a setting of the log": (
        "import logging.config\nlogging.config.fileConfig('data/NAME.ini')\nlogging.getLogger().handlers[0].get_name()",
        edit("data/NAME.ini"),
    ),
}

#: These change what all posts rest on, and so would hide what the others show.
OF_ALL = ("a root matplotlibrc",)
