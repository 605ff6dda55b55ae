"""Style sheets, and the scripts of the design, become one file each, and keep their order, addresses and scopes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.base import load_config
from mkdocs.structure.files import Files, get_files

from mlblog import design
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
    design.put_into(config)
    files = get_files(config)
    files.add_files_from_theme(config.theme.get_env(), config)
    join_assets(config, files)
    return config, files


def test_a_page_links_one_style_sheet_and_one_script_of_the_design(tmp_path: Path) -> None:
    config, files = joined(tmp_path)
    sheet, foreign = config.extra_css
    assert foreign == "https://example.org/c.css"
    text = files.get_file_from_path(sheet).content_string
    assert text.index(".a {") < text.index(".b {")
    assert 'url("../css/x.png")' in text
    assert 'url("../fonts/y.woff2")' in text
    assert "url(data:image/png;base64,AA==)" in text
    assert "* comment" not in text
    script, *own = config.extra_javascript
    code = files.get_file_from_path(script).content_string
    assert len(re.findall(r"^\(\(\) => \{$", code, re.MULTILINE)) == len(design.scripts()) > 5
    assert files.get_file_from_path(design.scripts()[0]) is None
    assert [str(one) for one in own] == ["js/one.js", "js/three.js", "js/two.js"]
    assert own[1].defer is True


def test_an_error_in_a_script_of_the_blog_takes_no_other_with_it(tmp_path: Path) -> None:
    """In place of one of ours, too."""
    replaced = design.scripts()[0]
    changed = {"docs/js/one.js": "broken = (", f"docs/{replaced}": "also broken = ("}
    config, files = joined(tmp_path, **changed)
    script, *own = config.extra_javascript
    assert "broken" not in files.get_file_from_path(script).content_string
    assert {"js/one.js", replaced} < {str(one) for one in own}
    assert files.get_file_from_path("js/one.js").content_string == "broken = ("


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
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: S\n")
    config = load_config(str(tmp_path / "mkdocs.yml"))
    files = get_files(config)
    join_assets(config, files)
    assert (config.extra_css, config.extra_javascript) == ([], [])
    assert not [file for file in files if "assets/site." in file.src_uri]
