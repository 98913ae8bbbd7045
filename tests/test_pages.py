# SPDX-License-Identifier: Apache-2.0
"""Pages in Markdown: what users call things stays as it is, and so does what they wrote around."""

import re
from html import unescape
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from evoarray import study
from evoarray.evolution.studies.summary import BEGIN, END
from evoarray.model.pages import markdown_table, plain, replace_part
from tests.conftest import Evoarray

NAMES = [
    "tribes 2",
    "tie_break_2",
    "_private_",
    "a | b",
    "a \\| b \\",
    "`code`",
    "*much* **more** ~~gone~~",
    "<b>bold</b> & <!-- Here it ends. --> &lt;",
    "# Heading",
    "[a link](somewhere) and [1.0, 2.0]",
    '=1+1,<script>"x"</script>',
]
BROKEN = ["on\ntwo lines", "with\r\nCRLF", "a\rb", "a\x0bb\x0cc", "a\u2028b\x85c"]


def cells(lines: list[str]) -> list[list[str]]:
    """Return the text that a reader sees in each cell of a table."""
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render("\n".join(lines))
    assert page.count("<table>") == 1
    assert re.sub(r"(?s)<table>.*</table>", "", page).strip() == ""
    rows = re.findall(r"(?s)<tr>(.*?)</tr>", page)
    texts = [re.findall(r"(?s)<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    assert not re.search(r"<(?!br>|a href=|/a>)", "".join(map("".join, texts)))
    return [[unescape(text) for text in row] for row in texts]


def test_names_are_shown_as_they_are() -> None:
    rows = [[plain(name), "1"] for name in NAMES]
    assert cells(markdown_table(["name", "number"], rows))[1:] == [[n, "1"] for n in NAMES]


@pytest.mark.parametrize("text", BROKEN)
def test_line_ends_do_not_end_a_row(text: str) -> None:
    assert cells(markdown_table(["one", "two"], [[plain(text), text]])) == [
        ["one", "two"],
        [" ".join(text.splitlines()), "<br>".join(text.splitlines())],
    ]
    assert len(plain(text).splitlines()) == 1


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_part_has_the_line_ends_of_its_page(line_end: str) -> None:
    page = line_end.join(["mine", "BEGIN", "former words", "END", "more"])
    expected = line_end.join(["mine", "BEGIN", "", "new", "lines", "END", "more"])
    assert replace_part(page, "BEGIN", "END", "new\nlines") == expected


# --- evoarray study summary

SPEC = r'''
title = "<script>alert(1)</script> | T"
source = "a|b"
kind = "networks"
runs = 2
[options]
problem = "sphere"
generations = 2
population = 10
[[settings]]
name = "a | b\nsecond"
algorithm = "traditional"
[[settings]]
name = "`x` <b>"
algorithm = "small-world"
[[claims]]
says = """It is better,
on two lines | with a pipe.

# Heading"""
better = "a | b\nsecond"
than = ["`x` <b>"]
source = "p. 3\n4"
'''


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study of names that Markdown would take otherwise."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "s.toml").write_text(SPEC)
    study(folder / "s.toml", folder / "st", workers=1)
    return folder / "st"


def test_a_summary_of_names_with_markup(evoarray: Evoarray, tmp_path: Path, studied: Path) -> None:
    assert evoarray("study", "summary", studied, "-o", "new.md").status == 0
    page = (tmp_path / "new.md").read_text()
    claims, settings = re.findall(r"(?m)(?:^\|.*\n)+", page)
    (row,) = cells(claims.splitlines())[1:]
    assert row[0] == "It is better, on two lines | with a pipe.  # Heading"
    assert row[1] == '<a href="#s">s</a>, p. 3 4'
    names = [row[0] for row in cells(settings.splitlines())[1:]]
    assert names == ["a | b second", "`x` <b>"]
    html = MarkdownIt("commonmark").render(page)
    assert re.findall(r"<h\d>(.*?)</h\d>", html) == ["What was claimed, and what was found", "s"]
    assert "<script>" not in html


PAGE = f"# Mine\n\nHand-written: ü\n\n{BEGIN}\nformer words\n{END}\n\nMore of mine.\n"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_summary_leaves_the_rest_of_a_page(
    evoarray: Evoarray, tmp_path: Path, studied: Path, line_end: str
) -> None:
    path = tmp_path / "page.md"
    path.write_bytes(b"\xef\xbb\xbf" + PAGE.replace("\n", line_end).encode())
    for _ in range(2):
        assert evoarray("study", "summary", studied, "-o", "page.md").status == 0
        page = path.read_bytes()
        before, part, after = re.split(f"{BEGIN}|{END}", page.decode())
        assert (before, after) == tuple(
            text.replace("\n", line_end)
            for text in ("\ufeff# Mine\n\nHand-written: ü\n\n", "\n\nMore of mine.\n")
        )
        assert "former words" not in part
        assert part.count("\n") == part.count(line_end) > 20


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (PAGE.encode("latin-1"), "cannot read page.md: it is not UTF-8"),
        (PAGE.encode("utf-16"), "cannot read page.md: it is not UTF-8"),
        (PAGE.replace(END, "").encode(), f"page.md lacks the line {END}"),
        (PAGE.replace(BEGIN, "").encode(), f"page.md lacks the line {BEGIN}"),
        (f"{END}\n{BEGIN}\n".encode(), f"page.md has the line {END} before the line {BEGIN}"),
    ],
)
def test_a_page_that_cannot_be_kept_is_not_written(
    evoarray: Evoarray, tmp_path: Path, studied: Path, page: bytes, says: str
) -> None:
    (tmp_path / "page.md").write_bytes(page)
    ended = evoarray("study", "summary", studied, "-o", "page.md")
    assert ended.status == 2
    assert says in ended.err
    assert (tmp_path / "page.md").read_bytes() == page
