"""Figures with a network that readers try."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Locator, Page, expect


def offered(page: Page) -> Locator:
    """The figures with a network, near."""
    figures = page.locator(".mlblog-model")
    figures.first.scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Try it").first).to_be_visible()
    return figures


def started(page: Page) -> Locator:
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").click()
    expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
    return figure


def ran(figure: Locator, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the page's engine computes."""
    found = figure.evaluate(
        """async (figure, inputs) => Object.fromEntries(Object.entries(await figure.run(inputs)).map(
            ([name, { dims, data }]) => [name, { dims, data: [...data].map(String) }]))""",
        {name: array.tolist() for name, array in inputs.items()},
    )
    return {name: np.array([float(value) for value in one["data"]]).reshape(one["dims"]) for name, one in found.items()}
