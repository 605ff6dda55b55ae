"""Commits in lines of provenance lead to the repository, if one is known."""

from __future__ import annotations

from mlblog.press.page.evidence import with_links

LINE = (
    "coin · scale small · 2 seeds · cpu: commit 1234567 · 3 s · 2026-11-22 · commit e2b91f4, 3d81fcc+changes · accepted"
)


def test_commits_lead_to_the_repository() -> None:
    assert with_links(LINE, ["coin"], "..", "https://a.example/b/c") == (
        "[coin](../experiments.md#coin) · scale small · 2 seeds · cpu: commit 1234567 · 3 s · 2026-11-22 · "
        "commit [e2b91f4](https://a.example/b/c/commit/e2b91f4), "
        "[3d81fcc](https://a.example/b/c/commit/3d81fcc)+changes · accepted"
    )


def test_without_a_repository_and_without_commits_there_are_no_links() -> None:
    assert with_links(LINE, [], "..") == LINE
    line = "coin · 2 commits · 3 commits"
    assert with_links(line, [], "..", "https://a.example/b/c") == line
