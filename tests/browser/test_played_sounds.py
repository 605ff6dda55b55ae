"""Sounds in the page: nothing is fetched before a reader plays one, on wide screens and phones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from touched import blog, opened

SOUNDS = """```python caption="A beep." alt="A beep of 318 Hz." label="beep"
import numpy as np
from IPython.display import Audio, display

Audio(np.sin(np.arange(4_000) / 2), rate=4_000)
```

```python caption="Two more." alt="A line at 0.2 kHz." label="more" layout="2x1"
from mlblog import figures

figures.style()
for seconds in (1, 2):
    samples = np.sin(np.arange(4_000 * seconds) / 3)
    display(figures.sound(samples, rate=4_000, transcript=f"A beep of 212 Hz, for {seconds} s.", title="a beep"))
```
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with blog(tmp_path_factory.mktemp("sounds"), SOUNDS) as address:
        yield address


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_nothing_is_fetched_before_a_reader_plays_it(window: Browser, site: str, scheme: str, width: int) -> None:
    with opened(window, site, scheme, width) as (visit, page):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        players = page.locator("audio.mlblog-player")
        assert players.count() == 3
        for player in players.all():
            player.scroll_into_view_if_needed()
            box = player.bounding_box()
            assert box is not None
            assert 0 < box["x"] < box["x"] + box["width"] < width
            assert box["width"] > 0.7 * min(width, 600)
        page.wait_for_load_state("networkidle")
        assert any(url.endswith(".svg") for url in asked)
        assert not [url for url in asked if url.endswith(".wav")]
        play = "async one => { one.muted = true; await one.play(); one.pause(); return one.duration; }"
        assert players.nth(2).evaluate(play) == pytest.approx(2)
        assert {url.rpartition("/")[2] for url in asked if url.endswith(".wav")} == {"more-2.wav"}
        told = [text.partition(" ")[2] for text in page.locator(".mlblog-transcript").all_inner_texts()]
        assert told == ["A beep of 318 Hz.", "A beep of 212 Hz, for 1 s.", "A beep of 212 Hz, for 2 s."]
        found = Axe().run(page, context={"include": [[".mlblog-figure"]]}, options={"resultTypes": ["violations"]})
        assert [one["id"] for one in found.response["violations"]] == []
        assert (visit.complaints, visit.foreign) == ([], [])
