"""The bibliography is whole: every entry well made, every key that is cited there."""

import re
import unicodedata
from pathlib import Path

import pytest

import mlblog
from mlblog.lab import Project
from mlblog.papers import Bibliography, Paper, cited_keys
from mlblog.papers.uses import CITED

PACKAGE = Path(mlblog.__file__).parent
ROOT = PACKAGE.parent
FILE = PACKAGE / "papers" / "references.bib"
TEXT = FILE.read_text(encoding="utf-8")
PAPERS = list(Bibliography.of(Project.find(ROOT)))
LITTLE = {"a", "an", "and", "for", "from", "in", "of", "on", "the", "to", "with"}


def plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", letters.lower())


def test_there_is_an_entry_for_each_key_and_they_are_sorted() -> None:
    keys = re.findall(r"(?m)^@\w+\{([^,]+),", TEXT)
    assert len(keys) == len(set(keys)) == len(PAPERS) == TEXT.count("\n@")
    assert keys == sorted(keys)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.key)
def test_a_key_is_first_author_year_and_first_real_word(paper: Paper) -> None:
    surname = plain(paper.surnames[0].split(" ")[-1])
    words = re.split(r"[^\w']+", paper.title.replace("\u2019", "'"))
    keys = [f"{surname}{paper.year}{plain(word)}" for word in words if plain(word) and word.lower() not in LITTLE]
    taken = {other.key for other in PAPERS if other is not paper}  # by another paper of theirs in that year
    assert paper.key == next(key for key in keys if key not in taken)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.key)
def test_an_entry_says_where_it_can_be_found(paper: Paper) -> None:
    assert paper.title
    assert paper.authors
    assert paper.venue or paper.eprint
    assert paper.topic
    assert "{" not in paper.title + paper.venue + "".join(paper.authors)
    assert paper.title == paper.title.strip()
    assert not paper.title.endswith(".")
    assert paper.doi == "" or re.fullmatch(r"10\.\d{4,}/\S+", paper.doi)


@pytest.mark.parametrize("paper", [paper for paper in PAPERS if paper.eprint], ids=lambda paper: paper.key)
def test_an_arxiv_number_is_of_its_time(paper: Paper) -> None:
    match = re.fullmatch(r"(\d\d)(\d\d)\.(\d{4,5})", paper.eprint)
    assert match
    year, month = 2000 + int(match[1]), int(match[2])
    assert 1 <= month <= 12
    assert len(match[3]) == (5 if year >= 2015 else 4)
    # a journal may take two years longer, and no preprint comes more than one after its paper
    assert year - 1 <= paper.year <= year + 2


def test_arxiv_numbers_and_titles_are_given_once() -> None:
    for values in ([paper.eprint for paper in PAPERS if paper.eprint], [plain(paper.title) for paper in PAPERS]):
        assert sorted(values) == sorted(set(values))


def test_there_are_few_topics_and_none_for_one_paper() -> None:
    topics = [paper.topic for paper in PAPERS]
    assert len(set(topics)) <= 10
    assert min(topics.count(topic) for topic in set(topics)) >= 2


def test_every_key_that_code_cites_is_there() -> None:
    cited = {
        (file.relative_to(ROOT).as_posix(), key)
        for file in PACKAGE.rglob("*.py")
        for key in CITED.findall(file.read_text(encoding="utf-8"))
    }
    known = {paper.key for paper in PAPERS}
    assert sorted((file, key) for file, key in cited if key not in known) == []
    assert ("mlblog/models/attention.py", "vaswani2017attention") in cited


def test_every_key_that_a_post_cites_or_judges_is_there() -> None:
    known = {paper.key for paper in PAPERS}
    for file in sorted((ROOT / "posts_src").rglob("*.md")):
        text = file.read_text(encoding="utf-8")
        judged = re.findall(r"\bclaim\([^)]*?\bsource=[\"'](\w+)[\"']", text)
        assert [key for key in (*cited_keys(text), *judged) if key not in known] == [], file.name
