"""Whose a file is: an installed library's, the interpreter's, mlblog's own, or the user's."""

from __future__ import annotations

import os
import sys
import sysconfig

from mlblog.lab.fingerprint.engine import FOLDER, PARTS

ENGINE = str(FOLDER) + os.sep
# an environment may be layered on another one's, or on the system's
_LAYERS = (path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages"))
_OWN = (sysconfig.get_path(name) for name in ("purelib", "platlib"))
LIBRARIES = tuple({os.path.realpath(path) + os.sep for path in (*_OWN, *_LAYERS)})
STANDARD = os.path.realpath(sysconfig.get_path("stdlib")) + os.sep
# part of the machine or the interpreter, not data
SYSTEM = (
    "/proc/",
    "/sys/",
    "/dev/",
    *{os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)},
)


def is_library(file: str) -> bool:
    """Whether a module's file is the standard library's, an installed library's, or mlblog's own machinery."""
    real = os.path.realpath(file)
    installed = real.startswith((*LIBRARIES, STANDARD, *SYSTEM)) or f"{os.sep}site-packages{os.sep}" in real
    return installed or is_engine(file)


def is_engine(file: str) -> bool:
    """Whether a file is the generator's; the library in the package mlblog is a blog's own code like any other."""
    if not file.startswith(ENGINE):
        return False
    return file.removeprefix(ENGINE).partition(os.sep)[0].removesuffix(".py") in PARTS
