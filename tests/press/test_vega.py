"""An Altair chart in a cell is a figure: stills in both schemes, its data, and what Vega draws in the page."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import altair as alt
import pytest
from coinblog import write_project
from matplotlib.colors import to_rgb
from rendering import html, page, shown
from running import Run

from mlblog.errors import CellError
from mlblog.lab import Project
from mlblog.press import Compiled, Server, compile_posts
from mlblog.press.export import export
from mlblog.press.kernel.output import FIGURE
from mlblog.press.kernel.vega import draw_chart

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [{"x": x, "y": x * x, "kind": "red" if x % 2 else "black"} for x in range(7)]
CHART = """```python alt="A parabola." caption="A knob." label="power"
import altair as alt

power = alt.param(name="power", value=2, bind=alt.binding_range(min=0, max=4, step=1, name="power"))
chart = alt.Chart(alt.Data(values=[{"x": 1, "y": 2}, {"x": 3, "y": 4}])).mark_line().encode(x="x:Q", y="y:Q")
chart.add_params(power)
```
"""
HEAD = "---\ntitle: T\ndate: 2026-11-21\n---\n"


def points(**encoding: object) -> alt.Chart:
    return alt.Chart(alt.Data(values=ROWS)).mark_point().encode(x="x:Q", y="y:Q", **encoding)


def specification(chart: object, scheme: str = "light") -> dict:  # type: ignore[type-arg]
    return json.loads(draw_chart(chart)["interactive"]["files"][f"{scheme}.json"])  # type: ignore[no-any-return]


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, ground: str) -> float:
    high, low = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_chart_has_a_still_in_both_schemes_whose_letters_are_outlines() -> None:
    drawn = draw_chart(points(color=alt.value("black")).properties(title="Price in $ of λ"))
    for scheme, ink in (("light", "#000000"), ("dark", "#e8eaee")):
        root = ElementTree.fromstring(drawn[scheme])
        assert root.get("width", "").endswith("pt")
        assert root.get("height", "").endswith("pt")
        assert not list(root.iter(f"{SVG}text"))
        assert ink in drawn[scheme]
    root = ElementTree.fromstring(drawn["light"])
    assert root.get("viewBox") == f"0 0 {root.get('width', '')[:-2]} {root.get('height', '')[:-2]}"
    assert drawn["lettering"] == "13"  # of its labels, in the units of the picture


def test_letters_are_where_vega_puts_them() -> None:
    drawn = draw_chart(alt.Chart(alt.Data(values=[{}])).mark_text(text="iiii", align="right", fontSize=40))
    outline = max((path.get("d", "") for path in ElementTree.fromstring(drawn["light"]).iter(f"{SVG}path")), key=len)
    along = [0.4 * float(x) for x in re.findall(r"[MLQ](-?[\d.]+) ", outline)]
    assert ") scale(0.4 -0.4)" in drawn["light"]
    assert -3 < max(along) <= 0  # ends where it is anchored
    assert -60 < min(along) < -20  # four narrow letters of 40 pixels


def test_its_data_are_a_table() -> None:
    rows = list(csv.DictReader(io.StringIO(draw_chart(points())["data"])))
    assert rows == [{name: str(value) for name, value in row.items()} for row in ROWS]


def test_several_tables_are_numbered_and_each_is_there_once() -> None:
    other = alt.Chart(alt.Data(values=[{"y": 3}])).mark_rule().encode(y="y:Q")
    rows = list(csv.DictReader(io.StringIO(draw_chart(points() + other + points())["data"])))
    assert [row["table"] for row in rows] == ["1"] * len(ROWS) + ["2"]
    assert (rows[0]["kind"], rows[-1]["y"], rows[-1]["x"]) == ("black", "3", "")


def test_data_of_a_local_file_go_into_the_specification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("x,y\n1,2\n3,5\n")
    drawn = draw_chart(alt.Chart("rows.csv").mark_line().encode(x="x:Q", y="y:Q"))
    data = json.loads(drawn["interactive"]["files"]["dark.json"])["data"]
    assert (data["values"], data["format"]) == ("x,y\n1,2\n3,5\n", {"type": "csv"})
    assert drawn["data"] == "x,y\n1,2\n3,5\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_legible_on_their_ground_and_data_are_left_alone(scheme: str) -> None:
    ground = {"light": "#ffffff", "dark": "#1e2129"}[scheme]
    rule = alt.Chart().mark_rule(color="navy").encode(y=alt.datum(3))
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["black", "red"], range=["black", "#0072B2"]))
    made = specification(points(color=colour) + rule, scheme)
    text = json.dumps(made)
    config = made["config"]
    used = [config["axis"]["labelColor"], config["title"]["color"], config["legend"]["labelColor"]]
    assert all(contrast(one, ground) >= 4.5 for one in used)
    [scale] = [json.loads(one) for one in re.findall(r'"scale": (\{[^{}]*\})', text) if "range" in one]
    navy = re.search(r'"mark": \{"type": "rule", "color": "([^"]+)"', text)
    assert navy is not None
    marks = [*config["range"]["category"], *scale["range"], navy[1]]
    # the page's colours of lines, of which orange and sky are lighter than 3 : 1 on white until darkened
    assert all(contrast(one, ground) >= 2.99 for one in marks)
    assert scale["domain"] == ["black", "red"]
    assert made["layer"][0]["data"]["values"] == ROWS


def test_what_the_author_configures_wins() -> None:
    made = specification(points().configure_axis(labelFontSize=20).configure_view(continuousWidth=200))
    assert made["config"]["axis"]["labelFontSize"] == 20
    assert made["config"]["axis"]["titleFontSize"] == 14
    assert made["config"]["view"]["continuousWidth"] == 200


def test_a_chart_that_asks_another_host_is_refused_with_file_and_line(run: Run) -> None:
    for address in ("https://vega.github.io/cars.json", "//x.org/cars.json"):
        cell = f'```python alt="A."\nimport altair as alt\n\nalt.Chart("{address}").mark_point()\n```\n'
        with pytest.raises(CellError, match=rf"posts_src/t.md:8.*asks another host for {re.escape(address)}"):
            run(cell)
    with pytest.raises(ValueError, match="image marks load files"):
        draw_chart(alt.Chart(alt.Data(values=ROWS)).mark_image(url="https://x.org/a.png"))


def test_a_chart_that_vega_lite_refuses_says_why() -> None:
    with pytest.raises(ValueError, match=r'^Vega-Lite cannot draw this chart: Unrecognized signal name: "nowhere"$'):
        draw_chart(points().transform_filter("datum.x > nowhere"))


def test_without_vl_convert_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    cell = '```python alt="A."\nimport sys\nsys.modules["vl_convert"] = None\n' + CHART.partition("\n")[2]
    with pytest.raises(CellError, match=r"pip install 'mlblog\[charts\]'"):
        run(cell)


def test_a_cell_shows_a_chart_as_a_figure(run: Run) -> None:
    post, outputs = run(CHART)
    [output] = outputs.ran[0].outputs
    assert output["data"]["text/plain"] == "<an Altair Chart>"
    made = html(page(CHART, [shown(**{FIGURE.replace("/", "__"): output["data"][FIGURE]})]))
    assert re.search(r'<img alt="A parabola\."[^>]* src="a-post/power-light.svg#only-light"', made)
    assert re.search(
        r'hidden[^>]* href="a-post/power-vega-dark.json"|href="a-post/power-vega-dark.json"[^>]*hidden', made
    )
    assert 'href="a-post/power.csv"' in made
    assert "A knob." in made
    assert post.slug == "t"


def compiled(root: Path, server: Server, body: str) -> tuple[Project, Compiled]:
    project = write_project(root)
    (project.posts / "chart.md").write_text(HEAD + body)
    return project, compile_posts(project, server=server)


def exports_the_engine_with_the_design_only(project: Project, done: Compiled) -> None:
    for design in ("true", "false"):
        text = f"site_name: t\ntheme: material\nplugins: [mlblog: {{design: {design}}}]\n"
        (project.root / "mkdocs.yml").write_text(text)
        folder = project.root.parent / f"exported-{design}"
        export(project, done, folder)
        assert (folder / "docs" / done.engines[0]).is_file() == (design == "true")


def test_the_engine_is_made_for_a_site_with_a_chart_and_kept(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    with Server(project, timeout=60) as server:
        _, done = compiled(tmp_path, server, CHART)
        assert (done.errors, done.engines) == ([], ["assets/interactive/vega-engine.js"])
        engine = done.folder / done.engines[0]
        text = engine.read_text()
        assert re.match(r"/\*! vl-convert-python [\d.a-z]+\. .*BSD 3-Clause", text)
        assert "vegaEmbed" in text
        exports_the_engine_with_the_design_only(project, done)
        before = engine.stat()
        assert compiled(tmp_path, server, CHART + "\nMore.\n")[1].engines == done.engines
        assert engine.stat().st_mtime_ns == before.st_mtime_ns
        assert compiled(tmp_path, server, "No chart.\n")[1].engines == []
        assert not engine.exists()


def test_no_thread_of_the_engine_stays_in_a_process_that_may_fork(run: Run) -> None:
    body = CHART + "\n```python\nimport os\n\n"
    _, outputs = run(body + "print(len(os.listdir('/proc/self/task')))\n```\n")
    _, alone = run("```python\nimport matplotlib.pyplot\nimport os\n\nprint(len(os.listdir('/proc/self/task')))\n```\n")
    assert outputs.ran[1].outputs == alone.ran[0].outputs
