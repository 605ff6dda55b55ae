"""A network that fails on a question that the reader has left does not take the page from the newest one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage import Visit

POSTS = Path(__file__).parents[2] / "posts_src"
SOUND = {"sound": [[0.0] * 4] * 6, "label": [1], "truth": [0, 1, 1, 1, 0, 0]}
#: By script: what it is given, a question for the network, and one that is answered without it.
ASKING: dict[str, tuple[dict[str, Any], str, str]] = {
    "annagram.js": ({"letters": "note", "shortest": 2, "longest": 8}, "tone", "9"),
    "annagram-two.js": ({"letters": "note", "fewest": 2, "longest": 8}, "tone", "9"),
    "scribbles/ctc.js": ({"sounds": [SOUND]}, "2", "9"),
}
# The network never answers the first question, and fails on the second when it is told to.
ASK = """async ([script, settings, question, answered]) => {
    const box = document.body.appendChild(document.createElement("div"));
    const { default: show } = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
    const fails = [];
    const run = () => new Promise((_, fail) => fails.push(fail));
    show(box, { run, settings });
    const input = box.querySelector("input[type=text], input:not([type])");
    for (const text of [question, answered]) {
        input.value = text;
        for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
    }
    const before = box.innerText;
    for (const fail of fails.slice(1)) fail(new Error("too late"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return [fails.length, before, box.innerText];
}"""


@pytest.mark.parametrize("script", ASKING)
def test_an_old_question_that_fails_leaves_the_page_as_it_is(visit: Callable[..., Visit], script: str) -> None:
    settings, question, answered = ASKING[script]
    page = visit().go("/about/")
    asked, before, after = page.evaluate(ASK, [(POSTS / script).read_text(), settings, question, answered])
    assert asked > 1
    assert "too late" not in after
    assert after == before


@pytest.mark.parametrize("script", ASKING)
def test_the_newest_question_says_that_it_failed(visit: Callable[..., Visit], script: str) -> None:
    settings, question, _ = ASKING[script]
    page = visit().go("/about/")
    _, _, after = page.evaluate(ASK, [(POSTS / script).read_text(), settings, question, question])
    assert "It stopped: too late." in after
