"""Previews are seen by the posts and runs of live preview, in all their threads, and by nothing else."""

from __future__ import annotations

import pytest

from mlblog.integrations.records import Refresh
from mlblog.lab import Project
from mlblog.lab.records.stores import preview_store
from mlblog.press import Server, compile_posts, parse_post

HEAD = "---\ntitle: T\ndate: 2026-11-21\n---\n"
DICE = """\
from mlblog.lab import Run, experiment
from toy.experiments.coin import coin


@experiment(smoke=dict(k=2), reads=["coin"])
def dice(run: Run, *, k: int, seed: int) -> None:
    coin.runs()
    run.save(mean=float(k))
"""
POST = f"""{HEAD}
```python
import threading

from toy.experiments.dice import dice

seen = []
thread = threading.Thread(target=lambda: seen.append(dice.runs().mean("mean")))
thread.start()
thread.join()
print("seen", *seen)
```
"""


@pytest.fixture
def previewed(fresh: Project) -> Project:
    (fresh.root / "toy/experiments/dice.py").write_text(DICE)
    (fresh.posts / "t.md").write_text(POST)
    list(Refresh(fresh, "never").preview())  # may run both at once; then the next build makes the other one
    assert list(Refresh(fresh, "never").preview()) == []
    names = ["coin/smoke/base/seed-0.json", "dice/smoke/base/seed-0.json"]
    assert preview_store(fresh).names() == names, "a run sees the preview that it reads"
    return fresh


def test_a_post_sees_previews_if_its_server_shows_them(previewed: Project) -> None:
    post = parse_post(POST, "posts_src/t.md")
    with Server(previewed, previews=True) as server:
        assert server.run(post).ran[0].outputs[0]["text"] == "seen 2.0\n"
        assert "Preview from a smoke run" in page(previewed, server), "though a thread read it"
    with Server(previewed) as server:
        assert "MissingRecord" in str(server.run(post).ran[0].outputs)
        text = page(previewed, server)
        assert "MissingRecord" in text
        assert "seen 2.0" not in text


def page(project: Project, server: Server) -> str:
    compile_posts(project, server=server, show_errors=True)
    return (project.work / "pages/blog/posts/t.md").read_text(encoding="utf-8")
