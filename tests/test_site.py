# SPDX-License-Identifier: Apache-2.0
"""The documentation site: what leads where, what the pages tell to type, how a browser shows it."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import pytest
from lxml import html
from selenium import webdriver

import evoarray as interface
from evoarray.cli import commands
from tests.browser import LOWEST_CONTRAST, look_as
from tests.conftest import ROOT, Site, build_site

DOCS = ROOT / "docs"
GUIDES = [DOCS / "tutorial.md", *sorted((DOCS / "howto").glob("*.md"))]


# --- links


@cache
def names_in(page: Path) -> frozenset[str]:
    """Return what an address of this page may have after its #."""
    return frozenset(html.parse(page).xpath("//@id | //a/@name"))


def broken(page: Path) -> Iterator[str]:
    """Yield each link and picture of a page that leads nowhere on the site."""
    attributes = ("href", "src", "data", "poster", "action")
    for link in html.parse(page).xpath(" | ".join(f"//@{name}" for name in attributes)):
        address = urlsplit(link)
        if address.scheme or address.netloc:
            continue
        path = page.parent / unquote(address.path) if address.path else page
        name = unquote(address.fragment)
        if not path.is_file() or (name and name not in names_in(path)):
            yield f"{page.name}: {link}"


def test_every_link_leads_somewhere(site: Site) -> None:
    pages = sorted(site.pages.rglob("*.html"))
    assert len(pages) > 100
    assert [link for page in pages for link in broken(page)] == []


@pytest.mark.parametrize(
    "link",
    [
        '<a href="other.html">',
        '<a href="#nowhere">',
        '<a href="page.html#nowhere">',
        '<img src="picture.png">',
    ],
)
def test_broken_links_are_found(tmp_path: Path, link: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(f'<p id="here"><a href="#here">x</a><a href="https://localhost/y">y</a>{link}')
    assert len(list(broken(page))) == 1


def test_links_lead_somewhere_on_github(site: Site) -> None:
    """GitHub shows the pages as they are in the repository; it goes through no link to a folder."""
    command = ["git", "ls-files", "-z", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    seen = 0
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        page = ROOT / name
        text = re.sub(r"(?ms)^ *```.*?^ *```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"))
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            address = urlsplit(link)
            if address.scheme:
                continue
            seen += 1
            path = Path(os.path.normpath(page.parent / address.path)) if address.path else page
            assert path.exists(), f"{name}: {link}"
            assert path.parent == path.parent.resolve(), f"{name}: {link}"
            if address.fragment and path.is_relative_to(DOCS):
                built = site.pages / path.relative_to(DOCS).with_suffix(".html")
                assert address.fragment in names_in(built), f"{name}: {link}"
    assert seen > 100


# --- warnings


PAGE = """# One page

[It](#one-page) has [a source](../model.py), and a picture: ![black](black.png)
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return docs/ of a small project with the set-up of this one."""
    docs = tmp_path / "docs"
    for name in ("_extensions", "_static"):
        shutil.copytree(DOCS / name, docs / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(DOCS / "conf.py", docs)
    shutil.copy(DOCS / "curve.png", docs / "black.png")
    (tmp_path / "model.py").write_text("x = 1 < 2\n")
    (docs / "index.md").write_text(PAGE)
    return docs


def test_a_small_site(small: Path, tmp_path: Path) -> None:
    assert build_site(small, tmp_path) == (0, "")
    pages = tmp_path / "pages"
    assert not [*broken(pages / "index.html")]
    (shown,) = html.parse(pages / "source" / "model.py.html").xpath("//pre")
    assert shown.text_content().strip() == "x = 1 < 2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[x](nowhere.md)", "nowhere.md"),
        ("[x](#nowhere)", "nowhere"),
        ("[x](../nowhere.py)", "nowhere.py"),
        ("![x](nowhere.png)", "nowhere.png"),
        ("```{include} ../nowhere.md\n```", "nowhere.md"),
        ("```{toctree}\nnowhere\n```", "nowhere"),
        ("```{rtl-modules} nowhere\n```", "there are no modules in rtl/nowhere"),
        ("```{eval-rst}\n:py:func:`evoarray.nowhere`\n```", "evoarray.nowhere"),
    ],
)
def test_what_leads_nowhere_ends_the_build(
    small: Path, tmp_path: Path, text: str, says: str
) -> None:
    (small / "index.md").write_text(f"{PAGE}\n{text}\n")
    status, said = build_site(small, tmp_path)
    assert status != 0
    assert "index.md" in said
    assert says in said


def test_a_notebook_that_fails_ends_the_build(small: Path, tmp_path: Path) -> None:
    (small / "index.md").write_text(f"{PAGE}\n```{{toctree}}\nbook\n```\n")
    (small / "book.ipynb").write_text(
        '{"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# Book"}, {"cell_type": '
        '"code", "execution_count": null, "metadata": {}, "outputs": [], "source": "1 / 0"}], '
        '"metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}, '
        '"nbformat": 4, "nbformat_minor": 4}'
    )
    status, said = build_site(small, tmp_path)
    assert status != 0
    assert "ZeroDivisionError" in said


# --- what the pages tell to type


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the images that the how-to pages begin with."""
    folder = tmp_path_factory.mktemp("photos")
    shutil.copy(ROOT / "images" / "training" / "camera.png", folder / "photo.png")
    shutil.copy(ROOT / "images" / "test" / "brick.png", folder / "other.png")
    for name in ("photo", "other"):
        noisy = "noisy.png" if name == "photo" else "other-noisy.png"
        typed(f"evoarray noise {name}.png --kind salt-and-pepper --amount 0.2 -o {noisy}", folder)
    return folder


def typed(text: str, folder: Path) -> None:
    """Run what a page tells to type."""
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-euo", "pipefail", "-c", text]
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{text}\n{ended.stdout}{ended.stderr}"


@pytest.mark.parametrize("page", [DOCS / "index.md", *GUIDES], ids=lambda page: page.stem)
def test_what_a_page_tells_to_type(page: Path, photos: Path, tmp_path: Path) -> None:
    """`sh` is run in order, each block in one folder, as are Python and the specs of studies."""
    folder = tmp_path / "work"
    folder.mkdir()
    for path in photos.iterdir():
        if page.stem != "tutorial" or "noisy" not in path.name:  # which it makes itself
            shutil.copy(path, folder)
    text = page.read_text(encoding="utf-8")
    for before, kind, code in re.findall(r"(?ms)([^\n]*)\n\n```(\w*)\n(.*?)^```$", text):
        if kind == "sh" and not code.startswith("make "):
            typed(code, folder)
        elif kind == "python":
            (folder / "page.py").write_text(code)
            typed(f"{sys.executable} page.py", folder)
        elif kind == "toml":
            (name,) = re.findall(r"`(\w+\.toml)`", before)
            (folder / name).write_text(code)
    if "```sh" in text or "```python" in text:
        assert len(list(folder.iterdir())) > 4


def test_targets_on_the_pages_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = " ".join(re.findall(r"(?m)^([a-z -]+):(?!=)", makefile)).split()
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    called = {
        name
        for page in pages
        for name in re.findall(r"(?m)(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"))
    }
    assert {"evolve", "setup", "sim"} <= called
    assert called <= set(targets)


def test_the_circuit_on_the_page_of_formats(tmp_path: Path) -> None:
    text = (DOCS / "reference" / "files.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"(?ms)^```json\n(.*?)^```$", text)
    (tmp_path / "circuit.json").write_text(code)
    photo = interface.photo("camera")
    circuit = interface.load(tmp_path / "circuit.json")
    assert isinstance(circuit, interface.Circuit)
    assert (circuit.filter(photo) == photo).all()


# --- the reference is complete


def every_command(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the names that the page should have: of the commands, their options and arguments."""
    yield path
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            shown = parameter.human_readable_name.replace("|", "-")
            yield "cmdoption", *path, "arg", shown
        elif not getattr(parameter, "hidden", False):
            for option in (*parameter.opts, *parameter.secondary_opts):
                yield "cmdoption", *path, option.lstrip("-")
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from every_command(each, (*path, name))


def test_the_reference_has_every_command_and_option(site: Site) -> None:
    wanted = {"-".join(names) for names in every_command(commands, ("evoarray",))}
    assert len(wanted) > 150
    assert wanted - names_in(site.pages / "reference" / "command.html") == set()


def test_the_reference_has_every_public_name(site: Site) -> None:
    wanted = set()
    for name in interface.__all__:
        wanted.add(f"evoarray.{name}")
        found = getattr(interface, name)
        if isinstance(found, type):
            fields = getattr(found, "__dataclass_fields__", {})  # which the signature shows
            own = {each for each in vars(found) if each[0] != "_"} - set(fields)
            wanted |= {f"evoarray.{name}.{each}" for each in own}
    wanted.remove("evoarray.Classifier.set_score_request")  # that is scikit-learn's
    assert len(wanted) > 60
    assert wanted - names_in(site.pages / "reference" / "python.html") == set()


def test_the_reference_has_every_module_and_parameter_of_the_rtl(site: Site) -> None:
    page = site.pages / "reference" / "rtl.html"
    shown = html.parse(page).getroot()
    paths = sorted((ROOT / "rtl").rglob("*.v"))
    assert len(paths) > 25
    for path in paths:
        assert path.stem in names_in(page), path.stem
        (section,) = shown.xpath(f"//section[h2[starts-with(., '{path.stem}')]][1] ")[:1]
        text = path.read_text(encoding="utf-8")
        wanted = set(re.findall(r"(?m)^ *parameter integer (\w+)", text))
        assert wanted <= set(section.xpath(".//code//text()")), path.stem
        rows = section.xpath(".//tbody/tr")
        assert all(row.text_content().split("\n")[-2].strip() for row in rows), path.stem


def test_every_page_is_on_the_site(site: Site) -> None:
    for page in DOCS.rglob("*.md"):
        assert (site.pages / page.relative_to(DOCS)).with_suffix(".html").is_file()
    assert len(list((site.pages / "notebooks").glob("*.html"))) == 6


# --- in a browser


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it(site: Site, browser: webdriver.Chrome, width: int, scheme: str) -> None:
    look_as(browser, width, scheme)
    run = browser.execute_script
    log: Callable[[str], list[dict[str, Any]]] = browser.get_log
    log("browser")
    pages = [
        page
        for page in sorted(site.pages.rglob("*.html"))
        if "source" not in page.relative_to(site.pages).parts
    ]
    assert len(pages) > 40
    for page in pages:
        name = page.relative_to(site.pages)
        browser.get(page.as_uri())
        assert run("return innerWidth") == width
        wide, shown = run(
            "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
        )
        assert wide <= shown, name
        seen, contrast, text = run(LOWEST_CONTRAST)
        assert seen > 50, name
        assert contrast >= 4.5, (name, text)
        # Pictures that are below load when they come into sight.
        run("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
        ended = time.monotonic() + 10
        while not run("return [...document.images].every(i => i.complete)"):
            assert time.monotonic() < ended, name
        assert run("return [...document.images].every(i => i.naturalWidth > 0 && i.width > 0)"), (
            name
        )
        assert log("browser") == [], name


@pytest.mark.parametrize("width", [400, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_front_page_says_at_once_what_this_is(
    site: Site, browser: webdriver.Chrome, width: int, scheme: str
) -> None:
    look_as(browser, width, scheme)
    browser.get((site.pages / "index.html").as_uri())
    run = browser.execute_script
    light = run("return getComputedStyle(document.body).backgroundColor")
    assert (light == "rgb(255, 255, 255)") == (scheme == "light")
    bottom = (
        "return document.querySelector('article ' + arguments[0]).getBoundingClientRect().bottom"
    )
    assert run("return document.querySelector('article img').alt")
    for shown in ("h1", "p", "img", ".highlight-sh"):
        assert 0 < run(bottom, shown) < 900, shown
    assert run("return document.querySelector('article .highlight-sh').innerText").strip() == (
        "make evolve"
    )
    text = run("return document.querySelector('article').innerText")
    for whom in ("Students", "FPGA engineers", "Verification engineers"):
        assert whom in text
