"""What a command says where it cannot run: without the libraries that it needs, or on Windows."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mlblog.cli.extras import extra_for

SITE = ("yaml", "pathspec", "IPython", "mkdocs", "nbformat", "jupytext", "pybtex")


def run(folder: Path, before: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command, in a process in which `before` has run."""
    code = f"import sys\n{before}\nfrom mlblog.cli import main\nmain({list(arguments)})"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "command", ["init blog", "new post x", "compile", "check", "goals status", "export out"], ids=lambda given: given
)
def test_a_command_names_the_extra_that_it_needs(tmp_path: Path, command: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy"]\n')
    done = run(tmp_path, f"sys.modules.update(dict.fromkeys({SITE}))", *command.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mlblog: this command needs ")
    assert done.stderr.endswith("is not installed; install it: pip install 'mlblog[site]'\n")


@pytest.mark.parametrize("command", [("status",), ("run",), ("doctor",)], ids=" ".join)
def test_a_machine_that_only_runs_experiments_needs_no_site(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy"]\n')
    (tmp_path / "toy" / "experiments").mkdir(parents=True)
    for folder in ("toy", "toy/experiments"):
        (tmp_path / folder / "__init__.py").write_text("")
    done = run(tmp_path, f"sys.modules.update(dict.fromkeys({SITE}))", *command)
    assert "pip install 'mlblog[site]'" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("--version",), ("status",)], ids=" ".join)
def test_windows_is_told_what_to_use(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(tmp_path, "sys.platform = 'win32'", *command)
    assert done.returncode == 1
    assert done.stderr == (
        "mlblog: runs on Linux and macOS; on Windows use WSL (https://learn.microsoft.com/windows/wsl/install)\n"
    )


def test_every_extra_that_is_named_exists() -> None:
    known = set(metadata.metadata("mlblog").get_all("Provides-Extra") or ())
    named = {module: extra_for(module) for module in (*SITE, "torch", "matplotlib", "ray", "zensical", "mkdocs.config")}
    assert all(named.values())
    assert set(named.values()) <= known
    assert extra_for("no_such_module") == extra_for("numpy") == ""
