"""Posts before and after an edit: which cells it may reach, and which it cannot."""

from __future__ import annotations

import random

COUNT = "import os\nwith open(os.environ['HOME'] + '/count', 'a') as file:\n    file.write('x')"

# what a post is before and after an edit, and what it shows then
SPARED: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str]]] = {
    "a constant that a later cell takes": (
        ("n = 3", COUNT, "n * 2"),
        ("n = 4", COUNT, "n * 2"),
        ["8"],
    ),
    "a constant that nothing takes": (("n = 3", COUNT, "'end'"), ("n = 4", COUNT, "'end'"), ["'end'"]),
    "constants of constants": (
        ("n = 3", "m = n + 1\nprint(m)", COUNT, "[n, m]"),
        ("n = 4", "m = n + 1\nprint(m)", COUNT, "[n, m]"),
        ["5", "[4, 5]"],
    ),
    "beside an import": (
        ("import math, os\nn = 3", COUNT, "math.sqrt(n)"),
        ("import math, os\nn = 4", COUNT, "math.sqrt(n)"),
        ["2.0"],
    ),
    "by NumPy": (
        ("import numpy as np", "grid = np.linspace(0, 1, 3)", COUNT, "len(grid)"),
        ("import numpy as np", "grid = np.linspace(0, 1, 5)", COUNT, "len(grid)"),
        ["5"],
    ),
    "a list that a later cell changes": (
        ("xs = [1, 2]", COUNT, "xs.append(3)\nxs"),
        ("xs = [5]", COUNT, "xs.append(3)\nxs"),
        ["[5, 3]"],
    ),
    "a function that a later cell calls": (
        ("def f(x):\n    return x", COUNT, "f(2)"),
        ("def f(x):\n    return -x", COUNT, "f(2)"),
        ["-2"],
    ),
    "a name that is no more": (
        ("n = 3\nm = 1", COUNT, "try:\n    print(m)\nexcept NameError:\n    print('none')"),
        ("n = 3", COUNT, "try:\n    print(m)\nexcept NameError:\n    print('none')"),
        ["none"],
    ),
    "a new cell": (("n = 3", COUNT, "n"), ("n = 3", "n2 = n * n", COUNT, "n"), ["3"]),
    "a cell less": (("n = 3", "k = 2", COUNT, "n"), ("n = 3", COUNT, "n"), ["3"]),
    "two constants, with a cell between": (
        ("n = 3", COUNT, "m = 4", COUNT.replace("'x'", "'xx'"), "n, m"),
        ("n = 5", COUNT, "m = 6", COUNT.replace("'x'", "'xx'"), "n, m"),
        ["(5, 6)"],
    ),
    "numbers drawn in between": (
        ("n = 3", "import random\nrandom.seed(1)\n" + COUNT, "random.random(), n"),
        ("n = 4", "import random\nrandom.seed(1)\n" + COUNT, "random.random(), n"),
        [f"({random.Random(1).random()}, 4)"],
    ),
    "a name used for other things before": (
        ("n = 1\nk = n", "n = 3", COUNT, "n, k"),
        ("n = 1\nk = n", "n = 4", COUNT, "n, k"),
        ["(4, 1)"],
    ),
    "a cell that begins with a remark and ends with a semicolon": (
        ("# of points\nn = 3\nn;", COUNT, "n"),
        ("# of points\nn = 4\nn;", COUNT, "n"),
        ["4"],
    ),
    "a module with a main part of its own": (
        ("n = 3", "from toy.script import K\n" + COUNT, "n + K"),
        ("n = 4", "from toy.script import K\n" + COUNT, "n + K"),
        ["5"],
    ),
    "a loop over `_` elsewhere": (
        ("n = 3", COUNT + "\nfor i in range(2):\n    pass", "n"),
        ("n = 4", COUNT + "\nfor i in range(2):\n    pass", "n"),
        ["4"],
    ),
}

# edits that reach the cell that counts, or of which nobody can say
REACHING: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str]]] = {
    "the cell takes it": (("n = 3", COUNT + "\nn"), ("n = 4", COUNT + "\nn"), ["4"]),
    "by a function": (
        ("n = 3", "def f():\n    return n", COUNT + "\nf()"),
        ("n = 4", "def f():\n    return n", COUNT + "\nf()"),
        ["4"],
    ),
    "by a function's default": (
        ("n = 3", "def f(x=n):\n    return x", COUNT + "\nf()"),
        ("n = 4", "def f(x=n):\n    return x", COUNT + "\nf()"),
        ["4"],
    ),
    "by a lambda": (("n = 3", "f = lambda: n", COUNT + "\nf()"), ("n = 4", "f = lambda: n", COUNT + "\nf()"), ["4"]),
    "by a class": (
        ("n = 3", "class A:\n    n = n", COUNT + "\nA.n"),
        ("n = 4", "class A:\n    n = n", COUNT + "\nA.n"),
        ["4"],
    ),
    "by a generator": (
        ("n = 3", "g = (n for _ in range(1))", COUNT + "\nlist(g)"),
        ("n = 4", "g = (n for _ in range(1))", COUNT + "\nlist(g)"),
        ["[4]"],
    ),
    "in a comprehension over the same name": (
        ("n = [3]", COUNT + "\n[n for n in n]"),
        ("n = [4]", COUNT + "\n[n for n in n]"),
        ["[4]"],
    ),
    "by globals()": (("n = 3", COUNT + "\nglobals()['n']"), ("n = 4", COUNT + "\nglobals()['n']"), ["4"]),
    "by eval": (("n = 3", COUNT + "\neval('n')"), ("n = 4", COUNT + "\neval('n')"), ["4"]),
    "by the module": (
        ("n = 3", COUNT + "\nimport __main__\n__main__.n"),
        ("n = 4", COUNT + "\nimport __main__\n__main__.n"),
        ["4"],
    ),
    "by a magic": (("n = 3", COUNT + "\n%time n"), ("n = 4", COUNT + "\n%time n"), []),
    "by its name in a text": (
        ("n = 3", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n')"),
        ("n = 4", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n')"),
        ["4"],
    ),
    "by a module of the package that looks at the post": (
        ("n_pts = 3", "from toy.mains import points\n" + COUNT + "\npoints()"),
        ("n_pts = 4", "from toy.mains import points\n" + COUNT + "\npoints()"),
        ["4"],
    ),
    "by a frame, under a name put together": (
        ("n_pts = 3", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n_' + 'pts')"),
        ("n_pts = 4", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n_' + 'pts')"),
        ["4"],
    ),
    "by a pattern": (
        ("n = 3", COUNT + "\nmatch 4:\n    case x if x > n:\n        print(n)"),
        ("n = 2", COUNT + "\nmatch 4:\n    case x if x > n:\n        print(n)"),
        ["2"],
    ),
    "by a format of values": (
        ("n = 3", COUNT + "\nprint(f'{1:{n}}|')"),
        ("n = 4", COUNT + "\nprint(f'{1:{n}}|')"),
        ["   1|"],
    ),
    "by a decorator": (
        ("n = [3]", COUNT + "\n@n.append\ndef f():\n    pass\nprint(n[0])"),
        ("n = [4]", COUNT + "\n@n.append\ndef f():\n    pass\nprint(n[0])"),
        ["4"],
    ),
    "by a frame": (
        ("n = 3", COUNT + "\nimport sys\nsys._getframe().f_globals['n']"),
        ("n = 4", COUNT + "\nimport sys\nsys._getframe().f_globals['n']"),
        ["4"],
    ),
    "what was shown last": (("n = 3\nn", COUNT + "\n_"), ("n = 4\nn", COUNT + "\n_"), ["4", "4"]),
    "by adding to it": (("n = 3", COUNT + "\nn += 1\nn"), ("n = 5", COUNT + "\nn += 1\nn"), ["6"]),
    "it hides a built-in": (("m = 3", COUNT + "\nlen('ab')"), ("len = str", COUNT + "\nlen('ab')"), ["'ab'"]),
    "it draws": (
        ("import random", "random.seed(1)", "a = random.random()", COUNT + "\nrandom.random()"),
        ("import random", "random.seed(1)", "a = 1", COUNT + "\nrandom.random()"),
        [str(random.Random(1).random())],
    ),
    "it changes a list": (
        ("xs = [1]", "xs.append(2)", COUNT + "\nlen([xs])", "xs"),
        ("xs = [1]", "xs.append(3)", COUNT + "\nlen([xs])", "xs"),
        ["1", "[1, 3]"],
    ),
    "it takes a list that is changed later": (
        ("xs = [1]", "n = len(xs)", COUNT + "\nys = xs\nys.append(2)", "n"),
        ("xs = [1]", "n = len(xs) + 0", COUNT + "\nys = xs\nys.append(2)", "n"),
        ["1"],
    ),
    "it takes a name that is bound anew": (
        ("k = 1", "n = k", COUNT + "\nk = 5", "n"),
        ("k = 1", "n = k + 0", COUNT + "\nk = 5", "n"),
        ["1"],
    ),
    "it binds a name that is bound anew": (
        ("n = 1", COUNT + "\nn = 5", "n"),
        ("n = 2", COUNT + "\nn = 5", "n"),
        ["5"],
    ),
    "it no longer binds what was bound before": (
        ("n = 1", "n = 2\nk = 3", COUNT, "n"),
        ("n = 1", "k = 3", COUNT, "n"),
        ["1"],
    ),
    "a module's value is changed later": (
        ("import math", "n = math.tau", COUNT + "\nmath.tau = 3", "n > 6"),
        ("import math", "n = math.tau + 0", COUNT + "\nmath.tau = 3", "n > 6"),
        ["True"],
    ),
    "a function was another then": (
        ("import random\nrandom.seed(1)\nf = random.random", "n = f()", COUNT + "\nf = float\nrandom.random()"),
        ("import random\nrandom.seed(1)\nf = random.random", "n = 1", COUNT + "\nf = float\nrandom.random()"),
        [str(random.Random(1).random())],
    ),
    "it imports another module": (
        ("n = 3", COUNT + "\nimport sys\n'colorsys' in sys.modules"),
        ("import colorsys\nn = 3", COUNT + "\nimport sys\n'colorsys' in sys.modules"),
        ["True"],
    ),
    "its printing has been replaced": (
        ("n = 3", "said = []\nprint = said.append", COUNT + "\nprint(n)", "said"),
        ("n = 4", "said = []\nprint = said.append", COUNT + "\nprint(n)", "said"),
        ["[4]"],
    ),
    "it is a class": (
        ("class A:\n    pass", "class B(A):\n    pass", COUNT + "\nlen(A.__subclasses__())"),
        ("class A:\n    x = 1", "class B(A):\n    pass", COUNT + "\nlen(A.__subclasses__())"),
        ["1"],
    ),
    "numbers are printed in another way later": (
        ("import numpy as np", "print(np.float64(1) / 3 * np.ones(1))", COUNT + "\nnp.set_printoptions(precision=2)"),
        ("import numpy as np", "print(np.float64(2) / 3 * np.ones(1))", COUNT + "\nnp.set_printoptions(precision=2)"),
        ["[0.66666667]"],
    ),
    "warnings are hidden later": (
        ("import numpy as np", "y = np.log(1.0)", COUNT + "\nnp.seterr(all='ignore');", "y"),
        ("import numpy as np", "y = np.log(2.0)", COUNT + "\nnp.seterr(all='ignore');", "y"),
        ["np.float64(0.6931471805599453)"],
    ),
    "it raised and may": (
        ('```python tags=["raises-exception"]\n1 / 0\n```\n', "n = 3", COUNT + "\nn"),
        ('```python tags=["raises-exception"]\n1 / 0\n```\n', "n = 4", COUNT + "\nn"),
        ["4"],
    ),
}
