"""A small blog with one figure of each kind that readers can touch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integrations.conftest import FILES, built
from playwright.sync_api import Browser, Page
from stage import Visit, served
from toyproject import write_project

#: Without one, Material has no rules for pictures of one scheme.
PALETTE = (
    "[{media: '(prefers-color-scheme: light)', scheme: default, toggle: {icon: material/weather-sunny, name: Dark}}, "
)
PALETTE += (
    "{media: '(prefers-color-scheme: dark)', scheme: slate, toggle: {icon: material/weather-night, name: Light}}]"
)
CHART = """```python alt="Two powers of x." caption="Choose the power." label="powers"
import altair as alt

power = alt.param(name="power", value=2, bind=alt.binding_range(min=0, max=4, step=1, name="Power"))
turn = alt.param(name="turn", value="up", bind=alt.binding_select(options=["up", "down"], name="Direction"))
rows = [{"x": x, "kind": kind} for x in range(4) for kind in ("once", "twice")]
lines = alt.Chart(alt.Data(values=rows)).transform_calculate(
    y="(datum.kind == 'once' ? 1 : 2) * (turn == 'up' ? 1 : -1) * pow(datum.x, power)"
)
lines.mark_line(point=True).encode(
    x="x:Q", y=alt.Y("y:Q", title="power of x"), color="kind:N", tooltip=["x:Q", "y:Q"]
).add_params(power, turn)
```
"""


@contextmanager
def blog(root: Path, *figures: str) -> Iterator[str]:
    """The address of a blog whose post `walk` has these figures after much else; `plain` has none."""
    far = "\n\n".join(f"Line {number}." for number in range(80))
    head = "---\ntitle: A walk\ndate: 2026-11-20\n---\n\nFirst.\n\n<!-- more -->\n\n"
    settings = FILES["mkdocs.yml"].replace("font: false}", f"font: false, palette: {PALETTE}}}")
    files = {
        **FILES,
        "mkdocs.yml": settings,
        "posts_src/walk.md": head + far + "\n\n" + "\n\n".join(figures) + "\n\nAn end.\n",
    }
    write_project(root, files)
    built(root)
    with served(root / "site") as address:
        yield address


@contextmanager
def opened(window: Browser, address: str, scheme: str, width: int) -> Iterator[tuple[Visit, Page]]:
    """The post in a window."""
    view = {"width": width, "height": 900}
    with window.new_context(color_scheme=scheme, viewport=view, has_touch=width < 500) as context:  # type: ignore[arg-type]
        visit = Visit(context, address)
        yield visit, visit.go("/blog/walk/")


def other_scheme(page: Page) -> None:
    """Change the scheme as the page's switch does."""
    page.evaluate("""document.body.dataset.mdColorScheme =
        document.body.dataset.mdColorScheme === 'slate' ? 'default' : 'slate'""")
