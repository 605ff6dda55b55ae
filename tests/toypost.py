"""The front matter of a post that needs no more of it."""

HEAD = "---\ntitle: T\ndate: 2026-11-21\n---\n"
