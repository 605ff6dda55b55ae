"""The IPython shell that runs a post's units, with line numbers of the `.md` file in tracebacks.

Runs in the kernel process; imports IPython.
"""

# IPython is partially typed:
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import ast
import base64
import contextlib
import linecache
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from traitlets.config import Config

from mlblog.press.kernel.capture import Capture
from mlblog.press.kernel.displays import Displays
from mlblog.press.kernel.examples import docstrings, run_examples
from mlblog.press.kernel.output import FIGURE, Output
from mlblog.press.kernel.page_shell import PageShell
from mlblog.press.kernel.stream import DESCRIPTORS, Stream
from mlblog.press.kernel.transcript import Transcript, as_json
from mlblog.press.kernel.workers import Workers


class Failed(Exception):
    """A unit raised `error`."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class _Compiler(CachingCompiler):
    """Compiles under the post's name, with line numbers of the post."""

    post, offset = "", 0

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        return self.post  # linecache already holds the shadow of the post

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        try:
            tree: ast.AST = super().ast_parse(source, filename, symbol)
        except SyntaxError as error:
            error.lineno = (error.lineno or 1) + self.offset
            if error.end_lineno is not None:
                error.end_lineno += self.offset
            raise
        return ast.increment_lineno(tree, self.offset)


class _Formatter(DisplayFormatter):
    def format(self, obj: Any, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        if "matplotlib.figure" in sys.modules and isinstance(obj, sys.modules["matplotlib.figure"].Figure):
            from mlblog.press.kernel.figure import draw

            shell: Any = self.parent
            shell.shown_figures.add(id(obj))
            return {FIGURE: draw(obj, raster=shell.raster), "text/plain": repr(obj)}, {}
        data, metadata = super().format(obj, include, exclude)
        encoded = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in data.items()}
        return encoded, metadata


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, source: Any = None, **options: Any) -> None:
        shell: Any = self.shell
        name = (options.get("transient") or {}).get("display_id")
        if name is not None and options.get("update"):
            shell.displays.update(name, {mime: as_json(value) for mime, value in data.items()})
            return
        output = {"output_type": "display_data", "data": dict(data), "metadata": metadata or {}}
        if name is not None:
            shell.displays.name(name, output)
        shell.put(output)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.clear(wait=wait)


class _Hook(DisplayHook):
    def __call__(self, result: Any = None) -> None:
        shell: Any = self.shell
        if result is None or self.semicolon_at_end_of_expression(shell.code) or shell.is_part_of_figure(result):
            return
        data, metadata = shell.display_formatter.format(result)
        if data:
            shell.put({"output_type": "execute_result", "data": data, "metadata": metadata, "execution_count": None})
        shell.user_ns["_"] = result


class PostShell(PageShell):
    """The namespace of one post; `run_cell_at`, `evaluate` and `check` run its units and return their outputs."""

    def __init__(self, **kwargs: Any) -> None:
        config = Config()
        config.HistoryManager.enabled = False  # its writer thread would prevent forking
        config.InteractiveShell.colors = "nocolor"
        self.transcript = Transcript()
        self.workers = Workers()
        self.displays = Displays()
        self.capture = Capture()
        self.on_first_output: Callable[[], None] | None = None  # called once, then reset
        self._lock = threading.RLock()  # threads of a cell may print concurrently
        self._streams = {name: Stream(name, self.write_stream) for name in ("stdout", "stderr")}
        self.shown_figures: set[int] = set()
        self.code = ""
        self.raster = False  # whether to rasterise figures of this unit
        super().__init__(
            config=config, compiler_class=_Compiler, displayhook_class=_Hook, display_pub_class=_Publisher, **kwargs
        )
        self._compiler: Any = self.compile

    def init_display_formatter(self) -> None:
        """Install the formatter that draws figures for both schemes."""
        self._formatter: Any = _Formatter(parent=self)
        self.display_formatter = self._formatter

    def open_post(self, path: str, shadow: list[str]) -> None:
        """Start the namespace of a post, as a module `__main__` whose file is the post."""
        module = types.ModuleType("__main__")
        module.__file__ = path
        self.user_module, self.user_ns = module, module.__dict__
        self.init_user_ns()
        self.user_ns["__file__"] = path
        sys.modules["__main__"] = module
        self._compiler.post = path
        self.show_lines(path, shadow)

    def show_lines(self, path: str, shadow: list[str]) -> None:
        """Register `shadow` as source of the post at `path`, for tracebacks and `inspect.getsource`."""
        linecache.cache[path] = (sum(map(len, shadow)), None, shadow, path)

    def run_cell_at(self, code: str, line: int) -> list[Output]:
        """Run a cell that starts on `line` of the post.

        Raises:
            Failed: it raised; output up to then is in `outputs`.
        """
        stripped = code.lstrip("\n")
        self._compiler.offset = line - 1 + len(code) - len(stripped)
        self.code = stripped
        with self._running():
            result = self.run_cell(stripped, store_history=False)
            error = result.error_before_exec or result.error_in_exec or self.reported
            self.workers.leave(error)
            if error is None:
                try:
                    self.flush_figures()
                except Exception as failed:  # a figure that cannot be drawn, or too much output
                    error = failed
                error = error or self.reported
            self._close_figures()
        if error is None:
            error = self._failed_example(stripped)
        if error is not None:
            raise Failed(error)
        return self.outputs

    @property
    def outputs(self) -> list[Output]:
        """The outputs of the unit, and its updates to displays of earlier units."""
        return [*self.transcript.outputs, *self.displays.updates.values()]

    def _failed_example(self, code: str) -> BaseException | None:
        """Run doctests in docstrings of the cell's definitions, discarding their output."""
        if ">>>" not in code:
            return None
        transcript, updates = self.transcript, dict(self.displays.updates)
        try:
            with self._running():
                for text, line in docstrings(ast.parse(self.transform_cell(code))):
                    run_examples(text, dict(self.user_ns), self._compiler.post, line + self._compiler.offset)
        except BaseException as error:
            return error
        finally:
            self._close_figures()
            self.transcript, self.displays.updates = transcript, updates
        return None

    def evaluate(self, code: str, line: int) -> list[Output]:
        """The value of an inline expression as text, and as Markdown or LaTeX if it has such a representation.

        Raises:
            Failed: it raised.
        """
        tree = ast.increment_lineno(ast.parse(code.strip(), mode="eval"), line - 1)
        try:
            with self._running():
                value = eval(compile(tree, self._compiler.post, "eval"), self.user_ns)  # noqa: S307
                text = value if isinstance(value, str) else format(value)
                rich, _ = DisplayFormatter.format(self._formatter, value, include={"text/markdown", "text/latex"})
                self.put({"output_type": "display_data", "data": {**rich, "text/plain": text}})
        except BaseException as error:
            raise Failed(error) from error
        return self.outputs

    def check(self, code: str, line: int) -> list[Output]:
        """Run the examples of a `pycon` fence in the post's namespace.

        Raises:
            Failed: an output does not match.
        """
        try:
            with self._running():
                run_examples(code, self.user_ns, self._compiler.post, line)
        except BaseException as error:
            raise Failed(error) from error
        return [*self.displays.updates.values()]

    def flush_figures(self) -> None:
        """Display figures that the cell created but did not show."""
        for figure in self._open_figures():
            if id(figure) not in self.shown_figures:
                data, metadata = self._formatter.format(figure)
                self.display_pub.publish(data, metadata)

    def is_part_of_figure(self, result: Any) -> bool:
        """Whether `result` is part of a figure (axes, lines, …) that will be shown, so that its repr is noise."""
        if not self._open_figures():
            return False
        artist, container = sys.modules["matplotlib.artist"].Artist, sys.modules["matplotlib.container"].Container
        if isinstance(result, sys.modules["matplotlib.figure"].Figure):
            return id(result) in {id(f) for f in self._open_figures()}
        items = result.values() if isinstance(result, dict) else getattr(result, "flat", result)
        if isinstance(result, (artist, container)):
            return True
        return (
            isinstance(items, (list, tuple)) and bool(items) and all(isinstance(i, (artist, container)) for i in items)
        )

    def write_stream(self, name: str, text: str) -> None:
        """Append text after draining the captured descriptors; empty text only drains."""
        if self.workers.is_one:  # a worker has its own memory but shares the descriptors
            self.workers.write(DESCRIPTORS[name], text)
            return
        with self._lock:
            # `print` writes line ends separately: keep workers' lines from getting in between
            if text != "\n" or not self.workers.were_forked:
                self._drain()
            if text:
                self._tell_of_output()
                self.transcript.write(name, text)

    def put(self, output: Output) -> None:
        """Add an output."""
        if self.workers.is_one:
            self.workers.write(1, f"{output['data'].get('text/plain', '')}\n")
            return
        with self._lock:
            self._drain()
            output["metadata"] = {}  # hints for notebook front ends
            self._tell_of_output()
            self.transcript.put(output)

    def clear(self, *, wait: bool) -> None:
        """Clear the outputs of this unit, now or on the next output."""
        if not self.workers.is_one:
            with self._lock:
                self._drain()
                self.transcript.clear(wait=wait)

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Capture the outputs of one unit."""
        self.transcript = Transcript()
        self.reported = None
        self.displays.begin()
        self.shown_figures.clear()
        sys.stdout, sys.stderr = self._streams["stdout"], self._streams["stderr"]
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot:
            pyplot.show = lambda *_, **__: self._show()
        self.capture.begin()
        try:
            yield
        finally:
            self.workers.leave(sys.exc_info()[1])
            self.workers.settle()
            self._drain()
            self.capture.end()
            sys.stdout, sys.stderr = self._streams["stdout"], self._streams["stderr"]

    def _drain(self) -> None:
        for name, text, dropped in self.capture.drain():
            self._tell_of_output()
            self.transcript.write(name, text, dropped)

    def _tell_of_output(self) -> None:
        if tell := self.on_first_output:
            self.on_first_output = None
            tell()

    def _show(self) -> None:
        self.flush_figures()
        self._close_figures()

    @staticmethod
    def _open_figures() -> list[Any]:
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        return [pyplot.figure(number) for number in pyplot.get_fignums()] if pyplot else []

    @staticmethod
    def _close_figures() -> None:
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot:
            pyplot.close("all")
