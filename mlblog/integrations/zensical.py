"""Zensical host: compile pages into an exported tree, which Zensical builds and serves."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from html import escape
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import click
from filelock import FileLock
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from mlblog.errors import InputError, MlblogError, Superseded
from mlblog.files.atomic import write_if_changed
from mlblog.integrations.categories import with_known_terms
from mlblog.integrations.preview import Keyboard
from mlblog.integrations.records import EXPERIMENTS, Refresh
from mlblog.lab import Project
from mlblog.press import Compiled, Server
from mlblog.press.configuration import Configuration
from mlblog.press.export import Export
from mlblog.press.page.settings import Settings
from mlblog.site import compile_site
from mlblog.site.feeds import add_pictures

_QUIET = 0.1  # seconds without further saves before compiling
_CHANGES = ("created", "modified", "deleted", "moved")
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def build(project: Project, arguments: Sequence[str]) -> int:
    """Compile the pages and let Zensical build the site into the folder set in `mkdocs.yml`.

    Args:
        project: the project to build.
        arguments: for `zensical build`.

    Returns:
        An exit code; nonzero if a post or experiment failed, after building everything else.

    Raises:
        InputError: Zensical is not installed, or a setting is wrong.
    """
    command = _command("build", arguments)
    settings = Configuration(project.root / "mkdocs.yml")
    with _alone(project):
        failed = list(Refresh(project, _policy(settings)).run())
        with Server(project) as server:
            compiled = _compile(project, server, settings, is_preview=False).without_drafts()
        done = _export(project).write(compiled)
        for name in done.left_out:
            click.echo(f"mlblog: dropped {name}, which Zensical may not support", err=True)
        if code := subprocess.run(command, cwd=done.folder).returncode:
            return code
        add_pictures(done.folder / "site", Settings.of(project.root / "mkdocs.yml").url or "/")
        _mirror(done.folder / "site", project.root / settings.site)
    for error in failed:
        click.echo(f"mlblog: {error}", err=True)
    return 1 if failed or compiled.errors else 0


def serve(project: Project, arguments: Sequence[str]) -> int:
    """Let Zensical serve the site, and recompile on saves, until interrupted.

    Args:
        project: the project to serve.
        arguments: for `zensical serve`.

    Returns:
        An exit code; Zensical's own if it exits by itself.

    Raises:
        InputError: Zensical is not installed.
    """
    command = _command("serve", arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    with Server(project, live=True, previews=True) as server, _watching(project) as saved:
        server.runs.is_superseded, server.runs.ask_again = saved.is_set, saved.set
        keyboard = Keyboard(server.interrupt)
        preview = _Preview(project, server)
        preview.update()
        host = subprocess.Popen(command, cwd=preview.folder, start_new_session=True, preexec_fn=_end_with_us)
        try:
            while host.poll() is None:
                if saved.wait(0.2):
                    _wait_for_rest(saved)
                    preview.update()
            return host.returncode
        except KeyboardInterrupt:
            return 0
        finally:
            keyboard.release()
            host.terminate()
            host.wait(10)


class _Preview:
    """The exported tree for live preview."""

    def __init__(self, project: Project, server: Server) -> None:
        self._project, self._server = project, server
        self._export = _export(project)
        self._compiled = Compiled(project.work / "pages")
        self.folder = project.work / "zensical"

    def update(self) -> None:
        """Compile; if compilation fails, show the error on every page and keep the old content."""
        notice = ""
        with _alone(self._project):
            try:
                settings = Configuration(self._project.root / "mkdocs.yml")
                refresh = Refresh(self._project, "never")
                for line in refresh.cost():
                    click.echo(f"mlblog: {line}", err=True)
                for failure in refresh.preview():
                    click.echo(f"mlblog: {failure}", err=True)
                self._compiled = _compile(self._project, self._server, settings, is_preview=True)
            except Superseded:  # the newer files are compiled next
                return
            except MlblogError as error:
                click.echo(f"mlblog: {error}", err=True)
                why = f"<p>Compilation failed; this is the last good version.</p><pre>{escape(str(error))}</pre>"
                notice = f'<div class="mlblog-error">{why}</div>'
            try:
                self._export.write(self._compiled, is_preview=True, notice=notice)
            except InputError as error:  # possibly a partially saved configuration
                click.echo(f"mlblog: {error}; pages are unchanged", err=True)


def _compile(project: Project, server: Server, settings: Configuration, *, is_preview: bool) -> Compiled:
    compiled = compile_site(project, server=server, show_errors=is_preview)
    blog: dict[str, Any] = {"categories_allowed": settings.option("blog", "categories_allowed")}
    blog |= {name: "".join(settings.option("blog", name)) for name in ("authors_file", "blog_dir")}
    blog["authors"] = settings.option("blog", "authors") != ["false"]
    compiled = with_known_terms(compiled, blog, project.root / settings.docs, project, show_errors=is_preview)
    for name, why in compiled.stale.items():
        click.echo(f"mlblog: the records of {name} are stale: {'; '.join(why)}", err=True)
    for error in compiled.errors:
        click.echo(f"mlblog: {error}", err=True)
    click.echo(f"mlblog: {compiled.summary}", err=True)
    return compiled


def _command(name: str, arguments: Sequence[str]) -> list[str]:
    if find_spec("zensical") is None:
        raise InputError("Zensical is not installed. Install it: pip install 'mlblog[zensical]'")
    return [sys.executable, "-m", "zensical", name, *arguments]


def _policy(settings: Configuration) -> str:
    found = os.environ.get("MLBLOG_EXPERIMENTS") or next(iter(settings.option("mlblog", "experiments")), "auto")
    if found not in EXPERIMENTS:
        raise InputError(f"experiments: {found}: must be one of {', '.join(EXPERIMENTS)}")
    return found


def _export(project: Project) -> Export:
    return Export(project, project.work / "zensical")


def _alone(project: Project) -> FileLock:
    """Lock the compiled pages, which must not mix with previews and error pages."""
    project.work.mkdir(parents=True, exist_ok=True)
    return FileLock(project.work / "build.lock")


@contextlib.contextmanager
def _watching(project: Project) -> Iterator[threading.Event]:
    """An event that is set when a source of pages is saved."""
    saved = threading.Event()

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            names = Path(os.fsdecode(event.src_path)).parts
            if event.event_type in _CHANGES and not event.is_directory and "__pycache__" not in names:
                saved.set()

    settings = Configuration(project.root / "mkdocs.yml")
    folders = [project.posts, project.results, project.root / settings.docs]
    folders += [project.root / name.replace(".", "/") for name in project.packages]
    folders += [project.root / settings.templates] if settings.templates else []
    observer, handler = Observer(), Handler()
    observer.schedule(handler, str(project.root))  # not recursive: mkdocs.yml
    for folder in dict.fromkeys(folders):
        if folder.is_dir():
            observer.schedule(handler, str(folder), recursive=True)
    observer.start()
    try:
        yield saved
    finally:
        observer.stop()
        observer.join()


def _wait_for_rest(saved: threading.Event) -> None:
    while saved.is_set():
        saved.clear()
        saved.wait(_QUIET)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_with_us() -> None:
    """Have the system kill the host when this process dies, for whatever reason (Linux only)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _mirror(source: Path, target: Path) -> None:
    """Make `target` an exact copy of `source`."""
    for path in sorted(target.rglob("*"), reverse=True) if target.is_dir() else ():
        if not (source / path.relative_to(target)).exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in source.rglob("*"):
        if path.is_file():
            write_if_changed(target / path.relative_to(source), path.read_bytes())
