"""Claims display themselves, as data for the page and as Markdown for notebooks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from mlblog.claims import MIME, VERDICTS, Claim, claim


def bundle(monkeypatch: pytest.MonkeyPatch, *args: object, **kwargs: object) -> dict[str, object]:
    shown: list[Claim] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    claim(*args, **kwargs)  # type: ignore[arg-type]
    (one,) = shown
    return one._repr_mimebundle_()


@pytest.mark.parametrize(
    ("holds", "verdict"),
    [
        (True, "held"),
        (False, "failed"),
        ("in part", "in-part"),
        (np.float64(1) > 2, "failed"),
        (torch.tensor(3.0) > 2, "held"),
        (np.array([4.0]).max() > 2, "held"),
    ],
)
def test_a_verdict_is_one_of_three(monkeypatch: pytest.MonkeyPatch, holds: object, verdict: str) -> None:
    found = bundle(monkeypatch, "A", "key2020a", holds=holds, because="1 < 2")
    assert found[MIME] == {"text": "A", "source": "key2020a", "verdict": verdict, "because": "1 < 2"}
    assert found["text/markdown"] == f"**{VERDICTS[verdict]}.** A [@key2020a] 1 < 2"


@pytest.mark.parametrize("holds", [None, 1, 0.0, "yes", "In part", np.float64(0.2), []])
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, holds: object) -> None:
    with pytest.raises(ValueError, match='True, False or "in part"'):
        bundle(monkeypatch, "A", holds=holds)


@pytest.mark.parametrize(("text", "source", "told"), [(" \n", "", "needs a text"), ("A", "[@a]", "without brackets")])
def test_what_cannot_be_listed_is_refused(monkeypatch: pytest.MonkeyPatch, text: str, source: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        bundle(monkeypatch, text, source, holds=True)


def test_a_claim_is_one_line_whatever_lines_it_was_written_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bundle(monkeypatch, "A\n    b", holds=True, because="\n 1\n")["text/plain"] == "**Held.** A b 1"


def test_importing_it_brings_nothing_heavy() -> None:
    code = "import sys, mlblog.claims; print(*({'IPython', 'torch', 'numpy', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()


def test_mathematics_holds_at_every_size_or_at_none(capsys: pytest.CaptureFixture[str]) -> None:
    claim("Two and two make five", holds=2 + 2 == 5, because="2 + 2 = 4", exact=True)
    claim("Two and two make four", holds=2 + 2 == 4, exact=True)
    claim("Two and two make much", holds="in part", exact=True)
    assert [line.partition(".")[0] for line in capsys.readouterr().out.splitlines()] == [
        "**Does not hold",
        "**Held",
        "**Held in part",
    ]
