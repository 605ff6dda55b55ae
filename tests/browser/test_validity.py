"""The HTML of every page, as the W3C's checker (vnu) reads it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

#: Errors that are Material's own, by how their message begins, and why they do no harm.
ALLOWED = {
    # its toggles are checkboxes; browsers ignore the attribute
    "Attribute “autocomplete” is only allowed when the input type is",
    # the title of a table of contents whose toggle is on the phone's drawer alone
    "The value of the “for” attribute of the “label” element must be the ID",
    # the label of a section in the sidebar; reads as no value
    "Bad value “” for attribute “tabindex” on element “label”",
}


def checker() -> list[str]:
    """The command that runs vnu: $VNU, a vnu.jar, or `vnu` on the PATH."""
    if jar := os.environ.get("VNU"):
        if shutil.which("java"):
            return ["java", "-jar", jar]
        pytest.skip("$VNU names a jar, and there is no java on the PATH")
    if found := shutil.which("vnu"):
        return [found]
    pytest.skip("no vnu on the PATH, and $VNU names no vnu.jar (npm install vnu-jar has one)")


@pytest.mark.audit
def test_every_page_is_valid_html(site: Path) -> None:
    done = subprocess.run(
        [*checker(), "--format", "json", "--skip-non-html", str(site)], capture_output=True, text=True, check=False
    )
    messages = json.loads(done.stderr)["messages"]
    errors = [one for one in messages if one["type"] == "error"]
    ours = [one for one in errors if not any(one["message"].startswith(known) for known in ALLOWED)]
    shown = [f"{one['url'].partition(str(site))[2]}:{one['lastLine']}: {one['message']}" for one in ours]
    assert not shown, "\n".join(shown)
    unused = [known for known in ALLOWED if not any(one["message"].startswith(known) for one in errors)]
    assert unused == []
