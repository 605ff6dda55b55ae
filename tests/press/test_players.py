"""Sounds on a page: from what a cell shows to the player, the transcript, the file, the notebook and the twin."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io.wavfile
from bs4 import BeautifulSoup
from rendering import FIGURE_OUTPUT, html, page, shown

from mlblog.errors import PostError
from mlblog.lab import Project
from mlblog.press import compile_posts
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.sounds import with_players
from mlblog.site.twin import twin


def wav(samples: int, rate: int = 8_000) -> bytes:
    file = io.BytesIO()
    scipy.io.wavfile.write(file, rate, np.zeros(samples, dtype=np.int16))
    return file.getvalue()


def heard(content: bytes, mime: str = "audio__wav") -> dict[str, Any]:
    return shown(**{mime: base64.b64encode(content).decode()})


def notebook_of(made: Any) -> Any:
    return json.loads(next(content for name, content in made.files.items() if name.endswith(".ipynb")))


CELL = '```python label="beep" caption="A beep." alt="A beep & a <click>."\nbeep\n```\n'


def test_a_sound_is_a_numbered_figure_with_its_file_a_player_and_a_transcript() -> None:
    made = page(CELL, [heard(wav(12_000))])
    assert made.files["a-post/beep.wav"] == wav(12_000)
    found = BeautifulSoup(with_players(html(made)), "html.parser")
    [figure] = found.select("figure.mlblog-figure#figure-a-post-beep")
    assert not figure.select("img")
    [player] = figure.select("audio.mlblog-player")
    assert player.attrs == {
        "class": ["mlblog-player"], "controls": "", "preload": "none", "src": "a-post/beep.wav",
        "aria-label": "Sound, 1.5 s, 24 kB",
    }  # fmt: skip
    assert [link["href"] for link in player.select("a")] == ["a-post/beep.wav"]  # where no player can be shown
    [transcript] = figure.select(".mlblog-transcript")
    assert transcript.get_text(strip=True) == "Transcript.A beep & a <click>."
    assert "Figure 1" in figure.select_one("figcaption").get_text()  # type: ignore[union-attr]  # there is one
    assert "first_figure" not in made.text  # lists of posts show images


def test_a_page_without_players_is_left_alone() -> None:
    text = '<p><a class="mlblog-part" href="a.wav">x</a> mlblog-player</p>'
    assert with_players(text) == text


def test_the_twin_links_the_sound_and_has_the_transcript() -> None:
    text = page(CELL, [heard(wav(12_000))]).text
    found = twin(text.partition("---\n")[2].partition("---\n")[2], lambda url: f"https://b.example/{url}")
    assert (
        "[Sound, 1.5 s, 24 kB](https://b.example/a-post/beep.wav)\n\n**Transcript.** A beep \\& a \\<click\\>." in found
    )


def test_a_notebook_plays_it_without_files() -> None:
    made = page(CELL, [heard(wav(12_000))])
    [data] = [one["data"] for cell in notebook_of(made)["cells"] for one in cell.get("outputs", ())]
    assert set(data) == {"text/html"}
    [player] = BeautifulSoup(data["text/html"], "html.parser").select("audio[controls][preload=none]")
    assert base64.b64decode(str(player["src"]).removeprefix("data:audio/wav;base64,")) == wav(12_000)
    assert "A beep &amp; a &lt;click&gt;." in data["text/html"]


def test_without_a_transcript_the_build_names_the_block() -> None:
    with pytest.raises(PostError, match=r"posts_src/a-post\.md:6: .* has no alt text; .* or of a sound what is heard"):
        page("```python\nbeep\n```\n", [heard(wav(800))])


def test_a_sound_that_no_page_plays_is_refused() -> None:
    with pytest.raises(PostError, match="shows audio/x-aiff, which pages cannot show"):
        page(CELL, [heard(b"FORM", "audio__x-aiff")])


@pytest.mark.parametrize(("mime", "suffix"), [("audio__mpeg", "mp3"), ("audio__x-wav", "wav"), ("audio__ogg", "ogg")])
def test_of_what_is_no_wav_file_only_the_size_is_said(mime: str, suffix: str) -> None:
    made = page(CELL, [heard(b"x" * 1_600, mime)])
    assert made.files[f"a-post/beep.{suffix}"] == b"x" * 1_600
    assert "[Sound, 2 kB]" in made.text


def test_html_of_a_cell_takes_precedence_as_it_does_over_images() -> None:
    made = page("```python\nbeep\n```\n", [shown(audio__wav="AAAA", text__html="<b>bold</b>")])
    assert "<b>bold</b>" in made.text
    assert not any(name.endswith(".wav") for name in made.files)


def test_a_long_sound_is_a_warning() -> None:
    [warning] = page(CELL, [heard(wav(1_100_000))]).warnings
    assert warning == "posts_src/a-post.md:6: a sound of this cell is 2.2 MB; shorten it, or compress it"


def test_a_figure_with_a_sound_is_a_picture_a_player_and_its_own_transcript() -> None:
    sound = {"wav": base64.b64encode(wav(4_000)).decode(), "transcript": "Two *clicks*."}
    drawn = shown(**{FIGURE: FIGURE_OUTPUT["data"][FIGURE] | {"sound": sound}})
    made = page('```python label="clicks" alt="Two lines." layout="2x1"\n2\n```\n', [drawn, drawn])
    assert {name for name in made.files if "clicks" in name} == {
        f"a-post/clicks{number}{end}"
        for number in ("", "-2") for end in ("-light.svg", "-dark.svg", ".csv", ".wav")
    }  # fmt: skip
    found = BeautifulSoup(with_players(html(made)), "html.parser")
    panels = found.select("figure .mlblog-panels > div")
    assert [[one.name for one in panel.select("img, audio, .mlblog-transcript")] for panel in panels] == [
        ["img", "img", "audio", "div"]
    ] * 2
    assert panels[1].select_one("audio")["src"] == "a-post/clicks-2.wav"  # type: ignore[index]  # there is one
    assert panels[0].select_one(".mlblog-transcript").get_text(strip=True) == "Transcript.Two *clicks*."  # type: ignore[union-attr]  # there is one
    outputs = [one["data"] for cell in notebook_of(made)["cells"] for one in cell.get("outputs", ())]
    assert [[*data] for data in outputs] == [["image/svg+xml"], ["text/html"]] * 2
    assert "Two *clicks*." in outputs[1]["text/html"]


POST = """---
title: T
date: 2026-01-02
---

```python label="tone" alt="A tone."
import numpy as np
from IPython.display import Audio

Audio(np.sin(np.arange(800)), rate=4_000)
```

```python label="shades" alt="A line at 0.6 kHz."
from mlblog import figures

figures.sound(np.sin(np.arange(800)), rate=4_000, transcript="The same tone.", title="Sine")
```

```python label="raw" alt="Silence."
from base64 import b64encode
from IPython.display import display

display({"audio/mpeg": b64encode(b"none").decode()}, raw=True)
```
"""


def test_what_cells_play_is_beside_the_page(make_project: Callable[[dict[str, str]], Project]) -> None:
    compiled = compile_posts(make_project({"posts_src/a.md": POST, "docs/index.md": "# Home\n"}))
    assert compiled.errors == []
    beside = {Path(name).name: compiled.folder / name for name in compiled.files}
    assert {"tone.wav", "shades.wav", "shades-light.svg", "shades-dark.svg", "raw.mp3"} <= {*beside}
    assert beside["raw.mp3"].read_bytes() == b"none"
    for name in ("tone.wav", "shades.wav"):
        with wave.open(str(beside[name])) as file:
            assert (file.getnframes(), file.getframerate(), file.getsampwidth()) == (800, 4_000, 2)
    text = next(
        (compiled.folder / name).read_text(encoding="utf-8") for name in compiled.pages if name.endswith("a.md")
    )
    assert text.index("A tone.") < text.index("The same tone.") < text.index("Silence.")
    assert "base64" not in text.replace("b64encode", "").replace("from base64", "")
