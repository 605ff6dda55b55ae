"""Make the snapshot of Python's standard library that `mlblog.data.stdlib` reads.

    python tools/stdlib.py ~/.pyenv/versions/3.11.7/lib/python3.11

It keeps the modules that are pure ASCII, without tests, tables, the parts with histories of their own (distutils,
lib2to3, idlelib) and what an installation generates. The archive depends on nothing but the content of the files. It
prints the digest for `DIGEST` and copies the licence.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import shutil
import sys
import tarfile
from pathlib import Path

DATA = Path(__file__).parents[1] / "mlblog" / "data"
LEFT_OUT = {
    "config-3.11-x86_64-linux-gnu", "distutils", "encodings", "ensurepip", "idlelib", "lib2to3", "msilib", "pydoc_data",
    "site-packages", "test", "tests", "turtledemo",
}  # fmt: skip


def main(library: Path) -> None:
    """Write the archive and its licence."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(library.rglob("*.py")):
            name = path.relative_to(library)
            content = path.read_bytes()
            if LEFT_OUT & set(name.parts) or name.name.startswith("_sysconfigdata") or not content.isascii():
                continue
            entry = tarfile.TarInfo(name.as_posix())
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    whole = packed.getvalue()
    (DATA / "stdlib.tar.xz").write_bytes(lzma.compress(whole, preset=9 | lzma.PRESET_EXTREME))
    shutil.copy(library / "LICENSE.txt", DATA / "stdlib.LICENSE.txt")
    print(hashlib.blake2b(whole, digest_size=20).hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]).expanduser())
