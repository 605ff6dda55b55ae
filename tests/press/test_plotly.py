"""A Plotly figure in a cell is a figure of the page: its values for the script in both schemes, and a still."""

from __future__ import annotations

import csv
import io
import json
import re

import plotly.graph_objects as go
import pytest
from running import Run

from mlblog.errors import CellError
from mlblog.press.kernel.output import FIGURE
from mlblog.press.kernel.plotly import draw_plotly


def parts(figure: go.Figure, scheme: str = "light") -> dict:  # type: ignore[type-arg]
    return json.loads(draw_plotly(figure)["interactive"]["files"][f"{scheme}.json"])  # type: ignore[no-any-return]


def test_values_are_kept_and_the_look_is_the_sites() -> None:
    figure = go.Figure([go.Scatter(x=[1, 2], y=[3.5, 4], name="a"), go.Bar(x=["u", "v"], y=[1, 2])])
    figure.update_layout(title="T", xaxis_title="steps")
    light, dark = parts(figure), parts(figure, "dark")
    assert light["data"] == dark["data"] == json.loads(figure.to_json())["data"]
    assert light["layout"]["title"]["text"] == "T"
    inks = [one["layout"]["template"]["layout"]["font"]["color"] for one in (light, dark)]
    assert inks == ["#000000", "#e8eaee"]
    assert {one["layout"]["template"]["layout"]["paper_bgcolor"] for one in (light, dark)} == {"rgba(0,0,0,0)"}
    rows = list(csv.reader(io.StringIO(draw_plotly(figure)["data"])))
    assert [",".join(row) for row in rows] == ["series,x,y,z", "a,1,3.5,", "a,2,4.0,", "2,u,1,", "2,v,2,"]


def test_a_template_that_the_author_chose_stays() -> None:
    figure = go.Figure(go.Scatter(y=[1])).update_layout(template="ggplot2")
    assert parts(figure)["layout"]["template"] == json.loads(figure.to_json())["layout"]["template"]


def test_the_still_says_what_it_is_in_both_schemes() -> None:
    drawn = draw_plotly(go.Figure(go.Scatter(y=[1])).update_layout(width=500, height=300))
    assert {"light", "dark"} <= drawn.keys()
    assert re.search(r'width="(\d+)', drawn["light"]) is not None
    assert "#e8eaee" in drawn["dark"]
    assert float(drawn["lettering"]) >= 10


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (go.Figure(go.Scattergeo(lat=[1], lon=[2])), "scattergeo trace asks another host"),
        (go.Figure(go.Choropleth(locations=["A"], z=[1])), "choropleth trace asks another host"),
        (go.Figure(go.Scattermap(lat=[1], lon=[2])), "scattermap trace asks another host"),
        (go.Figure().add_layout_image(source="https://x.org/a.png"), "asks another host for a picture"),
    ],
)
def test_what_asks_another_host_is_refused(figure: go.Figure, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        draw_plotly(figure)


def test_a_cell_shows_it_as_a_figure(run: Run) -> None:
    _, outputs = run("""```python alt="A."
import plotly.graph_objects as go

go.Figure(go.Scatter(y=[1, 4, 9]))
```
""")
    (output,) = outputs.ran[0].outputs
    assert output["data"][FIGURE]["interactive"]["kind"] == "plotly"
    assert "text/html" not in output["data"]


def test_what_asks_another_host_is_an_error_with_its_line(run: Run) -> None:
    with pytest.raises(CellError, match=r"posts_src/t.md:\d+.*asks another host"):
        run(
            '```python alt="A."\nimport plotly.graph_objects as go\n\ngo.Figure(go.Scattergeo(lat=[1], lon=[2]))\n```\n'
        )
