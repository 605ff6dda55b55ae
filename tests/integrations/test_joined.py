"""Style sheets and scripts become one file each, and keep their order, addresses and scopes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.base import load_config
from mkdocs.structure.files import Files, get_files

from mlblog.integrations.joined import join_assets

FILES = {
    "docs/index.md": "# Home\n",
    "docs/css/deep/a.css": "/* a\n * comment */\n.a { background: url(../x.png); }\n",
    "docs/b.css": '.b { src: url("fonts/y.woff2") format("woff2"); mask: url(data:image/png;base64,AA==); }\n',
    "docs/js/one.js": "const same = 1;\nwindow.one = same;\n",
    "docs/js/two.js": "const same = 2;\nwindow.two = same;\n",
    "docs/js/three.js": "window.three = 3;\n",
    "mkdocs.yml": """\
site_name: S
extra_css: [css/deep/a.css, https://example.org/c.css, b.css]
extra_javascript: [js/one.js, {path: js/three.js, defer: true}, js/two.js]
""",
}


def joined(root: Path, **changed: str) -> tuple[Any, Files]:
    for name, text in {**FILES, **changed}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    config = load_config(str(root / "mkdocs.yml"))
    config.plugins._current_plugin = "mlblog"  # as MkDocs sets it while a handler runs
    files = get_files(config)
    join_assets(config, files)
    return config, files


def test_a_page_links_one_style_sheet_and_one_plain_script(tmp_path: Path) -> None:
    config, files = joined(tmp_path)
    sheet, foreign = config.extra_css
    assert foreign == "https://example.org/c.css"
    text = files.get_file_from_path(sheet).content_string
    assert text.index(".a {") < text.index(".b {")
    assert 'url("../css/x.png")' in text
    assert 'url("../fonts/y.woff2")' in text
    assert "url(data:image/png;base64,AA==)" in text
    assert "comment" not in text
    script, alone = config.extra_javascript
    assert (str(alone), alone.defer) == ("js/three.js", True)
    code = files.get_file_from_path(script).content_string
    assert code.index("window.one") < code.index("window.two")
    assert len(re.findall(r"^\(\(\) => \{$", code, re.MULTILINE)) == 2
    assert files.get_file_from_path("js/one.js") is None
    assert files.get_file_from_path("js/three.js") is not None


def test_a_name_changes_with_what_the_file_holds(tmp_path: Path) -> None:
    (first, *_), (second, *_), (third, *_) = (
        joined(tmp_path / name, **changed)[0].extra_css
        for name, changed in (("a", {}), ("b", {}), ("c", {"docs/b.css": ".c { color: red; }"}))
    )
    assert first == second
    assert first != third


def test_a_sheet_that_imports_another_stays_apart(tmp_path: Path) -> None:
    config, files = joined(tmp_path, **{"docs/b.css": '@import url("more.css");\n.b { color: red; }\n'})
    (sheet, *others) = config.extra_css
    assert others == ["https://example.org/c.css", "b.css"]
    assert ".b" not in files.get_file_from_path(sheet).content_string
    assert files.get_file_from_path("b.css") is not None


def test_a_site_without_sheets_and_scripts_gets_none(tmp_path: Path) -> None:
    config, files = joined(tmp_path, **{"mkdocs.yml": "site_name: S\n"})
    assert (config.extra_css, config.extra_javascript) == ([], [])
    assert not [file for file in files if "assets/site." in file.src_uri]
