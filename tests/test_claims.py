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
        ("not tested", "not-tested"),
    ],
)
def test_a_verdict_is_one_of_four(monkeypatch: pytest.MonkeyPatch, holds: object, verdict: str) -> None:
    found = bundle(monkeypatch, "A", "key2020a", holds=holds, because="1 < 2")
    told = {"text": "A", "source": "key2020a", "verdict": verdict, "because": "1 < 2", "place": "", "overturned_by": ""}
    assert found[MIME] == told
    assert found["text/markdown"] == f"**{VERDICTS[verdict]}.** A [@key2020a] 1 < 2"


@pytest.mark.parametrize("holds", [None, 1, 0.0, "yes", "In part", "not-tested", np.float64(0.2), []])
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, holds: object) -> None:
    with pytest.raises(ValueError, match='True, False, "in part" or "not tested"'):
        bundle(monkeypatch, "A", holds=holds)


@pytest.mark.parametrize(("text", "source", "told"), [(" \n", "", "needs a text"), ("A", "[@a]", "without brackets")])
def test_what_cannot_be_listed_is_refused(monkeypatch: pytest.MonkeyPatch, text: str, source: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        bundle(monkeypatch, text, source, holds=True)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"holds": True, "place": "Table 2]"}, "without brackets"),
        ({"holds": True, "place": "Table 2; §3"}, "without brackets"),
        ({"holds": "not tested"}, "which control failed"),
        ({"holds": True, "exact": True, "limit": True}, "exact=True or limit=True"),
    ],
)
def test_what_says_too_little_or_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        bundle(monkeypatch, "A", **told)


def test_the_place_and_what_would_change_it_are_part_of_a_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    change = "Ten seeds\n  in which it fails."
    found = bundle(monkeypatch, "A.", "key2020a", holds=True, place=" §3.1,\nEq. 4", overturned_by=change)
    told = found["text/markdown"]
    assert told == "**Held.** A [@key2020a, §3.1, Eq. 4]. *What would change this:* Ten seeds in which it fails."
    data = found[MIME]
    assert isinstance(data, dict)
    assert (data["place"], data["overturned_by"]) == ("§3.1, Eq. 4", "Ten seeds in which it fails.")
    assert bundle(monkeypatch, "A.", holds=True, place="as taught")["text/markdown"] == "**Held.** A (as taught)."


def test_an_older_claim_has_neither() -> None:
    old = Claim(text="A", source="b", verdict="held", because="")
    assert (old.place, old.overturned_by, str(old)) == ("", "", "**Held.** A [@b]")


def test_no_finite_size_shows_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(bundle(monkeypatch, "A", holds=True, because="1", limit=True)["text/markdown"]) == (
        "**Held in part.** A 1 No finite size shows a limit."
    )
    refuted = bundle(monkeypatch, "A", holds=False, because="1", limit=True)["text/markdown"]
    assert refuted == "**Did not hold at this size.** A 1"


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
