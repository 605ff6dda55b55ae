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
import types
from collections.abc import Iterator
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.formatters import DisplayFormatter
from IPython.display import Audio
from traitlets.config import Config

from mlblog.press.kernel.examples import docstrings, run_examples
from mlblog.press.kernel.open_figures import OpenFigures
from mlblog.press.kernel.output import FIGURE, Output, as_text
from mlblog.press.kernel.page_shell import PageShell
from mlblog.press.kernel.recorder import Recorder
from mlblog.press.kernel.unit import Failed


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

            figures: OpenFigures = self.parent.figures  # type: ignore[union-attr]  # a `PostShell`
            figures.note(obj)
            return {FIGURE: draw(obj, raster=figures.raster), "text/plain": repr(obj)}, {}
        if "mlblog.figures" in sys.modules and isinstance(obj, sys.modules["mlblog.figures"].Frames):
            from mlblog.press.kernel.frames import draw_frames

            raster = self.parent.figures.raster  # type: ignore[union-attr]  # a `PostShell`
            return {FIGURE: draw_frames(obj.figures, obj.still, raster=raster), "text/plain": repr(obj)}, {}
        if "mlblog.figures" in sys.modules and isinstance(obj, sys.modules["mlblog.figures"].Trial):
            from mlblog.press.kernel.figure import draw

            raster = self.parent.figures.raster  # type: ignore[union-attr]  # a `PostShell`
            interactive = {"kind": "model", "files": {name: as_text(content) for name, content in obj.files.items()}}
            return {FIGURE: draw(obj.still, raster=raster) | {"interactive": interactive}, "text/plain": repr(obj)}, {}
        if "mlblog.figures" in sys.modules and isinstance(obj, sys.modules["mlblog.figures"].Sound):
            from mlblog.press.kernel.figure import draw

            heard = {"wav": base64.b64encode(obj.wav).decode(), "transcript": obj.transcript}
            return {FIGURE: draw(obj.still) | {"sound": heard}, "text/plain": repr(obj)}, {}
        if isinstance(obj, Audio) and obj.data is not None:  # else it has an address, and IPython links it
            return {str(obj.mimetype): base64.b64encode(obj.data).decode()}, {}
        if "altair" in sys.modules and isinstance(obj, sys.modules["altair"].TopLevelMixin):
            from mlblog.press.kernel.vega import draw_chart

            return {FIGURE: draw_chart(obj), "text/plain": f"<an Altair {type(obj).__name__}>"}, {}
        if "plotly.basedatatypes" in sys.modules and isinstance(obj, sys.modules["plotly.basedatatypes"].BaseFigure):
            from mlblog.press.kernel.plotly import draw_plotly

            return {FIGURE: draw_plotly(obj), "text/plain": "<a Plotly figure>"}, {}
        data, metadata = super().format(obj, include, exclude)
        encoded = {k: base64.b64encode(v).decode() if isinstance(v, bytes) else v for k, v in data.items()}
        return encoded, metadata


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, source: Any = None, **options: Any) -> None:
        recorder: Recorder = self.shell.recorder
        display = (options.get("transient") or {}).get("display_id")
        if display is not None and options.get("update"):
            recorder.update(display, data)
        else:
            output = {"output_type": "display_data", "data": dict(data), "metadata": metadata or {}}
            recorder.put(output, display)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.recorder.clear(wait=wait)


class _Hook(DisplayHook):
    def __call__(self, result: Any = None) -> None:
        shell: Any = self.shell
        if result is None or self.semicolon_at_end_of_expression(shell.code) or shell.figures.contain(result):
            return
        data, metadata = shell.display_formatter.format(result)
        if data:
            output = {"output_type": "execute_result", "data": data, "metadata": metadata, "execution_count": None}
            shell.recorder.put(output)
        shell.user_ns["_"] = result


class PostShell(PageShell):
    """The namespace of one post; `run_cell_at`, `evaluate` and `check` run its units and return their outputs.

    Attributes:
        recorder: the outputs of the current unit.
        figures: its open figures.
        code: its source.
    """

    def __init__(self, **kwargs: Any) -> None:
        config = Config()
        config.HistoryManager.enabled = False  # its writer thread would prevent forking
        config.InteractiveShell.colors = "nocolor"
        self.recorder, self.figures = Recorder(), OpenFigures(self._display)
        self.code = ""
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
            Failed: it raised; output up to then is in `recorder.outputs`.
        """
        stripped = code.lstrip("\n")
        self._compiler.offset = line - 1 + len(code) - len(stripped)
        self.code = stripped
        with self._running():
            result = self.run_cell(stripped, store_history=False)
            error = result.error_before_exec or result.error_in_exec or self.reported
            self.recorder.workers.leave(error)
            if error is None:
                try:
                    self.figures.flush()
                except Exception as failed:  # a figure that cannot be drawn, or too much output
                    error = failed
                error = error or self.reported
            self.figures.close()
        if error is None:
            error = self._failed_example(stripped)
        if error is not None:
            raise Failed(error)
        return self.recorder.outputs

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
                self.recorder.put({"output_type": "display_data", "data": {**rich, "text/plain": text}})
        except BaseException as error:
            raise Failed(error) from error
        return self.recorder.outputs

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
        return self.recorder.updates

    def _failed_example(self, code: str) -> BaseException | None:
        """Run doctests in docstrings of the cell's definitions, discarding their output."""
        if ">>>" not in code:
            return None
        try:
            with self.recorder.discarding(), self._running():
                for text, line in docstrings(ast.parse(self.transform_cell(code))):
                    run_examples(text, dict(self.user_ns), self._compiler.post, line + self._compiler.offset)
        except BaseException as error:
            return error
        finally:
            self.figures.close()
        return None

    @contextlib.contextmanager
    def _running(self) -> Iterator[None]:
        """Record the outputs of one unit."""
        self.reported = None
        self.figures.begin()
        with self.recorder.recording():
            yield

    def _display(self, figure: Any) -> None:
        data, metadata = self._formatter.format(figure)
        self.display_pub.publish(data, metadata)
