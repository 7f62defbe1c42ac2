"""docs/decisions has an index of its pages."""

from copies import ROOT

FOLDER = ROOT / "docs/decisions"


def test_the_index_lists_every_page_under_its_title():
    """Oldest first; a title begins with the date that its file's name has."""
    pages = sorted(FOLDER.glob("20*.md"))
    titles = [page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for page in pages]
    index = (FOLDER / "README.md").read_text(encoding="utf-8")

    found = [line for line in index.splitlines() if line.startswith("- ")]
    assert [f"- [{title}]({page.name})" for title, page in zip(titles, pages, strict=True)] == found
    assert [page.name[:10] for page in pages] == [title[:10] for title in titles]
