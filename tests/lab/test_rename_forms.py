"""`mlblog rename` edits every form in which code refers to an experiment, and nothing else."""

from __future__ import annotations

from renamed import record, states, write
from workbench import Bench

FORMS = {
    "import": ("from toy.experiments.with_two import with_two\n\nx = with_two\n", True),
    "import as": ("from toy.experiments.with_two import with_two as two\n\nx = two\n", True),
    "import as itself": ("from toy.experiments.with_two import with_two as with_two\n\nx = with_two.runs\n", True),
    "import of several": (
        "from toy.experiments.with_two import (\n    EXTRA,\n    with_two,\n)\n\nx = [with_two]\n",
        True,
    ),
    "relative": ("from .experiments.with_two import with_two\n", True),
    "module": ("from toy.experiments import with_two\n\nx = with_two.with_two.runs\n", None),
    "whole path": ("import toy.experiments.with_two\n\nx = toy.experiments.with_two.with_two\n", None),
    "module under another name": ("import toy.experiments.with_two as m\n\nx = (m\n    .with_two)\n", None),
    "in a function": ("def f():\n    from toy.experiments.with_two import with_two\n    return with_two\n", True),
    "nested": (
        "from toy.experiments.with_two import with_two\n\n"
        "def f(with_two):\n    return with_two\n\n"
        "class C:\n    with_two = 1\n\n    def g(self, a=with_two):\n        return lambda: with_two\n",
        None,
    ),
    "all": ("from toy.experiments.with_two import with_two\n\n__all__ = ['with_two', \"other\"]\nother = 1\n", True),
    "star": ("from toy.experiments.with_two import *\n\nx = with_two\n", True),
    "f-string": ("from toy.experiments.with_two import with_two\n\nx = f'{with_two.title} is with_two'\n", None),
    "a word in text": ("# with_two\n'''with_two'''\nwith_two_more = 1\nx = dict(with_two=with_two_more)\n", False),
    "another thing": ("def with_two():\n    return 1\n\nx = with_two()\n", False),
}
RESULT = {
    "module": "from toy.experiments import with_two\n\nx = with_two.ab.runs\n",
    "whole path": "import toy.experiments.with_two\n\nx = toy.experiments.with_two.ab\n",
    "module under another name": "import toy.experiments.with_two as m\n\nx = (m\n    .ab)\n",
    "nested": "from toy.experiments.with_two import ab\n\n"
    "def f(with_two):\n    return with_two\n\n"
    "class C:\n    with_two = 1\n\n    def g(self, a=with_two):\n        return lambda: ab\n",
    "f-string": "from toy.experiments.with_two import ab\n\nx = f'{ab.title} is with_two'\n",
}


def test_every_form_of_reference(recorded: Bench) -> None:
    with (recorded.project.root / "toy/experiments/with_two.py").open("a", encoding="utf-8") as file:
        file.write("\nEXTRA = 1\n")
    files = {form: f"toy/form_{number}.py" for number, form in enumerate(FORMS)}
    for form, (text, _) in FORMS.items():
        write(recorded, files[form], text)
    recorded.commit()
    done = recorded("rename", "with_two", "ab")
    assert done.exit_code == 0, done.output
    for form, (text, all_of_it) in FORMS.items():
        expected = text if all_of_it is False else RESULT.get(form) or _renamed(text)
        assert (recorded.project.root / files[form]).read_text(encoding="utf-8") == expected, form
    assert states(recorded, "ab") == ["fresh"]


def _renamed(text: str) -> str:
    """Every use but the module's name."""
    return text.replace("with_two", "ab").replace("experiments.ab", "experiments.with_two")


def test_renames_through_reexports_keep_other_experiments_fresh(recorded: Bench) -> None:
    """An experiment that calls another is stale if that changes; a new name alone is no change."""
    write(recorded, "toy/api.py", "from toy.experiments.with_two import with_two as two, with_two\n")
    write(
        recorded,
        "toy/deep.py",
        "from toy.api import two\n\ndef call(run, x, seed):\n    two.function(run, x=x, seed=seed)\n",
    )
    recorded.edit(
        "toy/experiments/with_none.py",
        "from toy import losses",
        "from toy import api, losses\nfrom toy.deep import call",
    )
    recorded.edit(
        "toy/experiments/with_none.py",
        "run.save(loss=x + seed,",
        "call(run, x, seed)\n    print(api.with_two)\n    run.save(none=x + seed,",
    )
    recorded.edit("toy/experiments/with_none.py", "curve=", "line=")
    recorded.edit("toy/experiments/with_none.py", "    run.measure(clock=", "    run.measure(tick=")
    recorded.commit()
    done = recorded("run", "--scale", "smoke", "--executor", "inline")
    assert done.exit_code == 0, done.output
    recorded.commit()
    done = recorded("rename", "with_two", "ab")
    assert done.exit_code == 0, done.output
    assert "1 records of with_none refer to it and were updated" in done.stdout
    assert states(recorded, "with_none") == states(recorded, "ab") == ["fresh"]
    assert "renamed" not in record(recorded, "with_none")["environment"]
    again = recorded("run", "with_none", "--scale", "smoke", "--executor", "inline", "--all")
    assert again.exit_code == 0, again.output
