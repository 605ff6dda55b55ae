"""The IPython shell that a post's units run in, with the lines of the `.md` file in every traceback.

Runs in the process of the cells: imports IPython.
"""

# IPython is typed in part:
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import ast
import base64
import contextlib
import json
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from mlblog.press.kernel.capture import Capture
from mlblog.press.kernel.displays import Displays
from mlblog.press.kernel.examples import docstrings, run_examples
from mlblog.press.kernel.output import FIGURE, Output
from mlblog.press.kernel.stream import Stream


class Failed(Exception):
    """A unit raised; `error` is what it raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class _Compiler(CachingCompiler):
    """Compiles under the post's name, each cell's first line at its line of the post."""

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
            shell.displays.update(name, {mime: _as_json(value) for mime, value in data.items()})
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


def _as_json(value: Any) -> Any:
    """A value of a rich output that JSON can hold: what cannot be written so is text."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError):
        return str(value)


class PostShell(InteractiveShell):
    """One post's namespace; `run_cell_at`, `evaluate` and `check` run its units and return their outputs."""

    def __init__(self, **kwargs: Any) -> None:
        config = Config()
        config.HistoryManager.enabled = False  # its writer is a thread: the process could not be forked
        config.InteractiveShell.colors = "nocolor"
        self.outputs: list[Output] = []
        self.displays = Displays()
        self.capture = Capture()
        self.on_first_output: Callable[[], None] | None = None  # called once, and forgotten
        self._clear_next = False
        self._streams = {name: Stream(name, self.write_stream) for name in ("stdout", "stderr")}
        self.shown_figures: set[int] = set()
        self.code = ""
        self.raster = False  # whether figures of this unit are drawn as pixels
        super().__init__(
            config=config, compiler_class=_Compiler, displayhook_class=_Hook, display_pub_class=_Publisher, **kwargs
        )
        self._compiler: Any = self.compile

    def init_display_formatter(self) -> None:
        """Use ours, which draws figures for both schemes."""
        self._formatter: Any = _Formatter(parent=self)
        self.display_formatter = self._formatter

    def open_post(self, path: str, shadow: list[str]) -> None:
        """Start the namespace of a post: a module `__main__` whose file is the post."""
        module = types.ModuleType("__main__")
        module.__file__ = path
        self.user_module, self.user_ns = module, module.__dict__
        self.init_user_ns()
        self.user_ns["__file__"] = path
        sys.modules["__main__"] = module
        self._compiler.post = path
        self.show_lines(path, shadow)

    def show_lines(self, path: str, shadow: list[str]) -> None:
        """Make `shadow` the lines of the post at `path`, for tracebacks and `inspect.getsource`."""
        linecache.cache[path] = (sum(map(len, shadow)), None, shadow, path)

    def run_cell_at(self, code: str, line: int) -> list[Output]:
        """Run a cell that starts on `line` of the post.

        Raises:
            Failed: it raised; its outputs until then are in `outputs`.
        """
        stripped = code.lstrip("\n")
        self._compiler.offset = line - 1 + len(code) - len(stripped)
        self.code = stripped
        with self._running():
            result = self.run_cell(stripped, store_history=False)
            error = result.error_before_exec or result.error_in_exec
            if error is None:
                self.flush_figures()
            self._close_figures()
        if error is None:
            error = self._failed_example(stripped)
        if error is not None:
            raise Failed(error)
        return self.outputs

    def _failed_example(self, code: str) -> BaseException | None:
        """Run the examples in the docstrings of what the cell has defined; what they show is no output of its."""
        if ">>>" not in code:
            return None
        shown = self.outputs
        try:
            with self._running():
                for text, line in docstrings(ast.parse(self.transform_cell(code))):
                    run_examples(text, dict(self.user_ns), self._compiler.post, line + self._compiler.offset)
        except BaseException as error:
            return error
        finally:
            self._close_figures()
            self.outputs = shown
        return None

    def evaluate(self, code: str, line: int) -> list[Output]:
        """The value of an inline expression, as text, and as Markdown or LaTeX if that is what it is.

        Raises:
            Failed: it raised.
        """
        tree = ast.increment_lineno(ast.parse(code.strip(), mode="eval"), line - 1)
        try:
            with self._running():
                value = eval(compile(tree, self._compiler.post, "eval"), self.user_ns)  # noqa: S307
                text = value if isinstance(value, str) else format(value)
                rich, _ = DisplayFormatter.format(self._formatter, value, include={"text/markdown", "text/latex"})
        except BaseException as error:
            raise Failed(error) from error
        data = {mime: _as_json(found) for mime, found in rich.items()} | {"text/plain": text}
        return [*self.outputs, {"output_type": "display_data", "data": data, "metadata": {}}]

    def check(self, code: str, line: int) -> list[Output]:
        """Run the examples of a `pycon` fence in the post's namespace.

        Raises:
            Failed: one gave something else than it shows.
        """
        try:
            with self._running():
                run_examples(code, self.user_ns, self._compiler.post, line)
        except BaseException as error:
            raise Failed(error) from error
        return [*self.displays.updates.values()]

    def flush_figures(self) -> None:
        """Show the figures that the cell has made and not shown."""
        for figure in self._open_figures():
            if id(figure) not in self.shown_figures:
                data, metadata = self._formatter.format(figure)
                self.display_pub.publish(data, metadata)

    def is_part_of_figure(self, result: Any) -> bool:
        """Whether `result` is axes, lines, … of a figure that is about to be shown: its repr says nothing."""
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

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        """The error is reported once, by who ran the cell."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """The error is reported once, by who ran the cell."""

    def write_stream(self, name: str, text: str) -> None:
        """Add text to the outputs, behind what other means have written before."""
        self._drain()
        self._append(name, text)

    def put(self, output: Output) -> None:
        """Add an output."""
        self._drain()
        self._clear_now()
        output["data"] = {mime: _as_json(value) for mime, value in output["data"].items()}
        output["metadata"] = {}  # hints for notebooks, in any form
        self._tell_of_output()
        self.outputs.append(output)

    def clear(self, *, wait: bool) -> None:
        """Take back the outputs of this unit, now or when the next comes."""
        self._drain()
        if not wait:
            self.outputs.clear()
        self._clear_next = wait

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Collect the outputs of one unit."""
        self.outputs = []
        self.displays.begin()
        self._clear_next = False
        self.shown_figures.clear()
        sys.stdout, sys.stderr = self._streams["stdout"], self._streams["stderr"]
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot:
            pyplot.show = lambda *_, **__: self._show()
        self.capture.begin()
        try:
            yield
        finally:
            self._drain()
            self.outputs += self.displays.updates.values()
            self.capture.end()
            sys.stdout, sys.stderr = self._streams["stdout"], self._streams["stderr"]

    def _drain(self) -> None:
        for name, text in self.capture.drain():
            self._append(name, text)

    def _append(self, name: str, text: str) -> None:
        if not text:
            return
        self._clear_now()
        self._tell_of_output()
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})

    def _tell_of_output(self) -> None:
        if tell := self.on_first_output:
            self.on_first_output = None
            tell()

    def _clear_now(self) -> None:
        if self._clear_next:
            self.outputs.clear()
            self._clear_next = False

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
