"""The bundled source: whole, split by files, and refused if it is not what it should be."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest

from mlblog.data.stdlib import DIGEST, STDLIB, SYMBOLS, decode, encode, load_source, read_files


def test_the_snapshot_is_python_in_the_characters_that_have_numbers() -> None:
    files = read_files(STDLIB, DIGEST)
    assert {"os.py", "json/decoder.py", "asyncio/locks.py"} <= set(files)
    assert not [name for name in files if "test" in name.split("/")]
    for name, text in list(files.items())[::20]:
        compile(text, name, "exec", dont_inherit=True)
    assert decode(encode(files["os.py"])).encode() == files["os.py"]


def test_a_part_is_whole_files_and_every_file_is_in_one() -> None:
    files, source = read_files(STDLIB, DIGEST), load_source()
    texts = [decode(part) for part in source]
    assert sum(map(len, texts)) == sum(map(len, files.values()))
    for name in [*files][::20]:
        assert [part for part in texts if files[name].decode() in part], name
    assert [len(part) > 200_000 for part in texts] == [True] * 3
    assert "class Namespace(_AttributeHolder)" in texts[2]
    for part in source:
        assert part.dtype == np.uint8
        assert part.max() < SYMBOLS


def test_every_character_has_its_own_number() -> None:
    text = "\n" + "".join(map(chr, range(32, 127)))
    assert encode(text.encode()).tolist() == list(range(SYMBOLS))


@pytest.mark.parametrize("text", [b"a\tb", b"\x7f", "é".encode(), b"\r\n"])
def test_another_character_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="printable ASCII expected, given byte"):
        encode(text)


def test_the_licence_lies_beside_the_snapshot() -> None:
    licence = STDLIB.with_name("stdlib.LICENSE.txt").read_text(encoding="utf-8")
    assert "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in licence
    assert "All Rights Reserved" in licence


def test_another_archive_is_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "stdlib.tar.xz"
    other.write_bytes(lzma.compress(b"print()\n"))
    with pytest.raises(ValueError, match=r"stdlib\.tar\.xz: digest is .*restore"):
        read_files(other, DIGEST)


@pytest.mark.parametrize("content", [b"", b"no xz", STDLIB.read_bytes()[:1000]])
def test_a_damaged_archive_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "stdlib.tar.xz"
    damaged.write_bytes(content)
    with pytest.raises(ValueError, match=r"stdlib\.tar\.xz: "):
        read_files(damaged, DIGEST)
