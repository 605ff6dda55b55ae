"""A network to try: what its cell leaves beside the page, and what it rests on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup
from rendering import FIGURE_OUTPUT, html, page

from mlblog import design
from mlblog.figures import try_it
from mlblog.lab import Project
from mlblog.press import Compiled, compile_posts
from mlblog.press.export import export
from mlblog.press.kernel.output import FIGURE, as_bytes, as_text

GRAPH = bytes(range(256)) * 4
POST = """---
title: T
date: 2026-01-02
---

```python label="speller" alt="A line."
import matplotlib.pyplot as plt
import numpy as np
from types import SimpleNamespace
from mlblog import figures

fig, ax = plt.subplots()
ax.plot([1, 2])
net = SimpleNamespace(
    onnx=bytes(range(256)) * 4,
    inputs={"asked": np.array([[1, 2]])},
    outputs={"scores": np.array([0.5, -np.inf], dtype=np.float32)},
)
figures.try_it(net, still=fig, script="posts_src/a.js", longest=6)
```
"""


@pytest.fixture
def project(make_project: Callable[[dict[str, str]], Project]) -> Project:
    made = make_project({"posts_src/a.md": POST, "docs/index.md": "# Home\n"})
    (made.root / "posts_src" / "a.js").write_text("export default () => 1;\n", encoding="utf-8")
    return made


def test_the_files_of_a_network_are_beside_the_page_which_rests_on_the_script(project: Project) -> None:
    compiled = compile_posts(project)
    assert compiled.errors == []
    assert compiled.warnings == []
    beside = {Path(name).name: compiled.folder / name for name in compiled.files}
    assert beside["speller-model-graph.onnx"].read_bytes() == GRAPH
    assert beside["speller-model-script.js"].read_text(encoding="utf-8") == "export default () => 1;\n"
    assert json.loads(beside["speller-model-example.json"].read_text(encoding="utf-8")) == {
        "inputs": {"asked": {"type": "int64", "dims": [1, 2], "data": [1, 2]}},
        "outputs": {"scores": {"type": "float32", "dims": [2], "data": [0.5, "-Infinity"]}},
        "settings": {"longest": 6},
    }
    assert {"speller-light.svg", "speller-dark.svg", "speller.csv"} <= {*beside}

    (project.root / "posts_src" / "a.js").write_text("export default () => 2;\n", encoding="utf-8")
    assert compile_posts(project).ran == ["posts_src/a.md"]
    assert beside["speller-model-script.js"].read_text(encoding="utf-8") == "export default () => 2;\n"

    (project.root / "posts_src" / "a.js").unlink()
    [error] = compile_posts(project).errors
    assert "posts_src/a.md:19: FileNotFoundError" in str(error)
    assert "posts_src/a.js" in str(error)


@pytest.mark.parametrize("files", [["a/net-model-graph.onnx"], ["a/figure-1-light.svg"]])
def test_only_a_site_with_a_network_gets_the_engine(project: Project, tmp_path: Path, files: list[str]) -> None:
    (project.root / "mkdocs.yml").write_text("site_name: S\nplugins:\n  - mlblog:\n      design: true\n", "utf-8")
    compiled = Compiled(tmp_path / "pages", files=files)
    (compiled.folder / "a").mkdir(parents=True)
    (compiled.folder / files[0]).write_bytes(GRAPH)
    export(project, compiled, tmp_path / "out")
    found = {path.name for path in (tmp_path / "out" / "docs" / "assets" / "engine").glob("*")}
    served = {Path(name).name for name, _ in design.files() if name.startswith("assets/engine/")}
    assert served == {"LICENSE", "ThirdPartyNotices.txt", "ort.mjs", "ort.wasm.gzip"}
    assert found == (served if files[0].endswith(".onnx") else set())
    assert (tmp_path / "out" / "docs" / files[0]).read_bytes() == GRAPH


def test_links_say_how_much_they_load_and_a_large_network_is_no_warning() -> None:
    noise = np.random.default_rng(0).bytes(500_000)
    drawn = FIGURE_OUTPUT["data"][FIGURE]
    touched = drawn | {"interactive": {"kind": "model", "files": {"graph.onnx": as_text(noise), "script.js": "1"}}}
    output = FIGURE_OUTPUT | {"data": {FIGURE: touched}}
    made = page('```python label="net" alt="x"\nnet\n```\n', [output])
    assert made.warnings == ()
    links = BeautifulSoup(html(made), "html.parser").select(".mlblog-interactive.mlblog-model a.mlblog-part")
    assert [(link["href"], link["data-bytes"]) for link in links] == [
        ("a-post/net-model-graph.onnx", "500000"),
        ("a-post/net-model-script.js", "1"),
    ]
    assert all(link.has_attr("hidden") for link in links)


@pytest.mark.parametrize("content", [b"", b"\x00\xff", "text", "ünï"])
def test_files_of_figures_survive_json(content: str | bytes) -> None:
    wanted = content if isinstance(content, bytes) else content.encode()
    assert as_bytes(json.loads(json.dumps(as_text(content)))) == wanted


def test_the_still_is_no_longer_pyplots(tmp_path: Path) -> None:
    (tmp_path / "s.js").write_text("", encoding="utf-8")
    network = SimpleNamespace(onnx=b"x", inputs={"on": np.array([True, False])}, outputs={})
    trial = try_it(network, still=plt.figure(), script=tmp_path / "s.js")
    assert plt.get_fignums() == []
    assert json.loads(trial.files["example.json"])["inputs"]["on"]["data"] == [True, False]


def test_the_size_that_the_page_says_is_that_of_the_engine() -> None:
    script = (design.FOLDER / "assets" / "interactive" / "model.js").read_text(encoding="utf-8")
    [said] = [line for line in script.splitlines() if line.startswith("const ENGINE_BYTES")]
    sizes = [(design.FOLDER / "assets" / "engine" / name).stat().st_size for name in ("ort.mjs", "ort.wasm.gzip")]
    assert said.split("=")[1].split(";")[0].strip().replace("_", "") == str(sum(sizes))
