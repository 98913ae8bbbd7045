# SPDX-License-Identifier: Apache-2.0
"""Whatever somebody gives or names: a sentence, no traceback, and nothing that a terminal obeys."""

import json
import os
import pwd
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from rich.table import Table

from evoarray.cli import commands
from evoarray.evolution.console import open_console, print_table
from evoarray.evolution.guided.settings import GuidedSettings
from evoarray.evolution.guided.tsplib import read_tsplib
from evoarray.evolution.studies.guided import Networks
from evoarray.evolution.studies.neuro import Neuro
from evoarray.evolution.studies.spec import KINDS, parse_spec
from evoarray.model.errors import InputError, printable, shown, whole
from evoarray.model.files import DEEPEST, parse_toml
from evoarray.model.filter.circuit import Shape, circuit_to_json, copy_filter
from tests.conftest import Ended, Evoarray

LONG = "9" * 5000
ESCAPE = "a\x1b[2J\x9b2J\x07\u202eb"
NOT_UTF8 = os.fsdecode(b"n\xff")
GIVEN = (
    *(LONG, f"-{LONG}", "1e400", "nan", "inf", "-inf", "1e308", "-1", "", NOT_UTF8, ESCAPE),
    *("é", "\u0663", "0x10", " 1", "x" * 2000),
)
IN_TOML = (
    *(LONG, "0x" + "F" * 5000, "1e999", "nan", "inf", "-inf", "1e308", "-1"),
    *("1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", "[]", "{}", "[[]]", "[1, 'a']", "true"),
    *('"\\u0000"', '"\\u001b[2J"', '""', "'''a\nb'''", "[" * 3000 + "]" * 3000),
    "[" * 150 + "]" * 150,
)
BASE = {
    "evolve": (
        *("noisy.png", "clean.png", "-o", "OUT", "--rows", "3", "--cols", "3"),
        *("--evaluations", "40", "--preset", "plain"),
    ),
    "neuro": ("-o", "OUT", "--evaluations", "20"),
    "evaluate": ("circuit.json", "noisy.png", "clean.png"),
    "filter": ("circuit.json", "noisy.png", "-o", "OUT.png"),
    "prune": ("circuit.json", "noisy.png", "clean.png", "-o", "OUT.json"),
    "show": ("circuit.json", "-o", "OUT.svg"),
    "export": ("circuit.json", "-o", "OUT"),
    "noise": ("clean.png", "-o", "OUT.png"),
    "target": ("clean.png", "-o", "OUT.png"),
    "runs": (".",),
    "report": ("run",),
    "resume": ("run",),
}


@pytest.fixture
def workshop(images: Path) -> Path:
    """Return a folder with images and a circuit."""
    text = circuit_to_json(copy_filter(Shape(2, 2, "upm16")))
    (images / "circuit.json").write_text(text, encoding="utf-8")
    return images


def sound(ended: Ended, given: object) -> None:
    """Check that a command ended well, or with one sentence that is not too long."""
    assert ended.status in {0, 1, 2}, given
    assert not re.search("[\x1b\x9b\x07\u202e]", ended.out + ended.err), given
    if ended.status == 2:
        assert re.fullmatch(r"evoarray: [^\n]+\n", ended.err), given
        assert len(ended.err) < 1500, given


def options(name: str) -> Iterator[click.Option]:
    for each in commands.commands[name].params:
        if isinstance(each, click.Option) and not each.is_flag:
            yield each


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize("name", BASE)
def test_any_value_of_any_option(
    evoarray: Evoarray, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    # What is legal for a network, too, would take minutes; values are refused before it is run.
    monkeypatch.setattr("evoarray.api.network_evolution.run", lambda *_, **__: None)
    count = 0
    for each in options(name):
        for value in GIVEN:
            count += 1
            given = [word.replace("OUT", f"out{count}") for word in BASE[name]]
            if "-o" in given and "-o" in each.opts:
                given[given.index("-o") + 1] = value
            else:
                given += [each.opts[0], *[value] * each.nargs]
            sound(evoarray(name, *given), (name, each.opts, value[:30]))


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize("name", BASE)
def test_any_name_of_any_file(evoarray: Evoarray, name: str) -> None:
    for place in range(len(BASE[name])):
        for value in (NOT_UTF8, f"{ESCAPE}\nc", "x" * 5000, "", "."):
            given = [word.replace("OUT", f"out{place}") for word in BASE[name]]
            given[place] = value
            sound(evoarray(name, *given), given)


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize("name", ["evolve", "neuro"])
def test_any_value_in_a_file_of_options(evoarray: Evoarray, tmp_path: Path, name: str) -> None:
    rest = {"evolve": ("rows", "3"), "neuro": ("evaluations", "20")}[name]
    for each in options(name):
        key = each.opts[-1].lstrip("-")
        for value in IN_TOML:
            text = f"{key} = {value}\n" + ("" if key == rest[0] else " = ".join(rest))
            (tmp_path / "options.toml").write_text(text, encoding="utf-8")
            given = BASE[name][:4] if name == "evolve" else ("-o", "OUT")
            shutil.rmtree(tmp_path / "OUT", ignore_errors=True)
            if value in {"true", "[]", '""'} and name == "evolve":
                given = (*given, "--evaluations", "40")  # it may be legal
            ended = evoarray(name, *given, "--config", "options.toml")
            sound(ended, (name, key, value[:30]))


SPECS = {
    "filters": 'photos = ["clean.png"]\n[options]\nsize = "2x2"\n[[settings]]\nname = "a"\n',
    **{
        kind: f'kind = "{kind}"\n[options]\n[[settings]]\nname = "a"\n'
        for kind in ("networks", "neuro", "noisy-digits")
    },
}
SHARED = ("title", "source", "runs", "quick", "options", "grid", "settings", "claims")
OF_FILTERS = ("photos", "held-out", "noise", "amount", "together")
CLAIM = '[[claims]]\nsays = "x"\nbetter = "a"\nthan = ["a"]\n'


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize("kind", SPECS)
def test_any_value_in_a_spec(tmp_path: Path, kind: str) -> None:
    """The commands say what parse_spec raises; test_studies.py has that."""
    spec, texts = SPECS[kind], []
    for value in IN_TOML:
        for name in KINDS[kind].options:
            line = f"{name} = {value}"
            texts.append(re.sub(r"\[options\]", f"[options]\n{_literal(line)}", spec))
            texts.append(spec.replace("[[settings]]", f"[grid]\n{name} = [{value}]\n[[settings]]"))
        texts += [f"{name} = {value}\n{spec}" for name in SHARED]
        bare = spec.replace('photos = ["clean.png"]\n', "")
        texts += [f"{name} = {value}\n{bare}" for name in OF_FILTERS]
        texts += [
            spec + re.sub(f"(?m)^{name} = .*\n", "", CLAIM) + f"{name} = {value}\n"
            for name in ("says", "better", "than", "after", "source", "thesis")
        ]
    refused = 0
    for text in texts:
        try:
            parsed = parse_spec(text, "spec.toml")
            parsed.kind.read(parsed.settings, tmp_path)
        except InputError:  # and nothing else
            refused += 1
    assert refused > len(texts) // 2


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\")


# --- files of others

TSP = """NAME: x
TYPE: TSP
DIMENSION: {}
EDGE_WEIGHT_TYPE: {}
NODE_COORD_SECTION
1 0 0
2 {} 2
3 3 4
EOF
"""
EXPLICIT = """TYPE: TSP
DIMENSION: 3
EDGE_WEIGHT_TYPE: EXPLICIT
EDGE_WEIGHT_FORMAT: UPPER_ROW
EDGE_WEIGHT_SECTION
1 2 {}
EOF
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            TSP.format(LONG, "EUC_2D", 1),
            "DIMENSION is '9+\\.\\.\\.; it must be a whole number from 3",
        ),
        *[
            (TSP.format(3, kind, number), "a tour may be longer than 9,007,199,254,740,992")
            for kind in ("EUC_2D", "CEIL_2D", "ATT")
            for number in ("1e154", "1e308", "-1e200")
        ],
        (
            TSP.format(3, "GEO", LONG),
            "NODE_COORD_SECTION has 9 numbers; it must have 9 finite ones",
        ),
        (EXPLICIT.format("1e308"), "a tour may be longer than"),
        (EXPLICIT.format("1e999"), "it must have 3 finite ones"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_cities_too_far_away(text: str, says: str) -> None:
    with pytest.raises(InputError, match=f"x.tsp: .*{says}"):
        read_tsplib(text, "x.tsp")


@pytest.mark.parametrize("radius", [1e308, float("inf"), float("nan"), 10**400])
def test_a_domain_too_large(radius: float) -> None:
    with pytest.raises(InputError, match=r"radius is .*; it must be a number from 0\.0 to 1e"):
        GuidedSettings(radius=radius)


@pytest.mark.usefixtures("workshop")
def test_nodes_with_long_numbers(evoarray: Evoarray, tmp_path: Path) -> None:
    (tmp_path / "graph.txt").write_text(f"0 1\n1 {LONG}\n", encoding="utf-8")
    given = (*BASE["evolve"], "--tribes", "3", "--war-interval", "9", "--evaluations", "60")
    assert evoarray("evolve", *given, "--topology", "graph.txt").status == 0


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize(
    ("provenance", "status"),
    [
        ('{"a": 1e999}', 2),
        ('{"a": NaN}', 2),
        (f'{{"a": {LONG}}}', 2),
        (f'{{"a": {"[" * 200}{"]" * 200}}}', 2),
        ("[]", 2),
        ('{"images": 3}', 0),
        ('{"images": [3, {"noisy": 3}, {"noisy": {"file": "x"}}, null]}', 0),
        ('{"images": [{"noisy": {"file": "\\u001b[2J<b>\\ud800", "sha256": null}}]}', 0),
    ],
)
def test_a_provenance_of_any_kind(
    evoarray: Evoarray, tmp_path: Path, provenance: str, status: int
) -> None:
    data = json.loads((tmp_path / "circuit.json").read_text(encoding="utf-8"))
    data["provenance"] = "HERE"
    text = json.dumps(data).replace('"HERE"', provenance)
    (tmp_path / "circuit.json").write_text(text, encoding="utf-8")
    for name in ("evaluate", "filter", "prune", "show", "export"):
        ended = evoarray(name, *BASE[name])
        sound(ended, name)
        assert ended.status == status
    if status == 0:
        page = (tmp_path / "OUT" / "evolved_filter.md").read_text(encoding="utf-8")
        assert "\x1b" not in page
        assert "<b>" not in page


@pytest.mark.parametrize(
    "text", ["a = [" + "[" * 5000, "a = " + "{a=" * 400, "[a" + ".a" * 150 + "]"]
)
def test_toml_that_is_nested_deeply(text: str) -> None:
    with pytest.raises(InputError, match=r"x\.toml .*|lists and tables are nested too deeply"):
        parse_toml(text, "x.toml")


def test_numbers_that_python_does_not_write() -> None:
    assert shown(1 << 100_000) == "a value too large to be shown"
    assert whole("64", 1, 64) == 64
    assert [whole(text, 1, 64) for text in ("65", "0", LONG, "", "x", "-1", "1.0")] == [None] * 7
    assert DEEPEST < 1000
    for kind in (Networks, Neuro):
        with pytest.raises(InputError, match="seed is"):
            kind.of({}).settings_of({"seed": 1 << 100_000})


# --- names


@pytest.mark.usefixtures("workshop")
def test_names_that_are_not_utf8(evoarray: Evoarray, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "clean.png", tmp_path / f"{NOT_UTF8}.png")
    spec = 'runs = 1\nphotos = ["clean.png"]\n[options]\nsize = "2x2"\nevaluations = 64\n'
    (tmp_path / f"{NOT_UTF8}.toml").write_text(f'{spec}[[settings]]\nname = "a"\n')
    small = ("--rows", "2", "--cols", "2", "--evaluations", "40", "--preset", "plain")
    for arguments in (
        ("evolve", f"{NOT_UTF8}.png", "clean.png", "-o", f"run-{NOT_UTF8}", *small),
        ("runs", "."),
        ("report", f"run-{NOT_UTF8}"),
        ("study", f"{NOT_UTF8}.toml", "-o", f"study-{NOT_UTF8}", "--workers", "1"),
        ("study", "summary", f"study-{NOT_UTF8}", "-o", f"{NOT_UTF8}.md"),
        ("study", "merge", f"study-{NOT_UTF8}", "-o", f"all-{NOT_UTF8}"),
        ("report", f"study-{NOT_UTF8}"),
        ("show", f"run-{NOT_UTF8}/circuit.json", "-o", f"{NOT_UTF8}.svg"),
        ("export", f"run-{NOT_UTF8}/circuit.json", "-o", f"export-{NOT_UTF8}"),
    ):
        ended = evoarray(*arguments)
        assert (ended.status, ended.err) == (0, ""), arguments


def test_what_a_terminal_would_obey_is_escaped(
    evoarray: Evoarray, workshop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert printable(ESCAPE) == "a\\x1b[2J\\x9b2J\\x07\\u202eb"
    assert printable("é日本\nx\udcff") == "é日本\\nx\\udcff"
    assert printable("a\nb\r", lines=True) == "a\nb\\r"
    (workshop / "in").mkdir()
    shutil.copy(workshop / "clean.png", workshop / "in" / f"{ESCAPE}\n.png")
    ended = evoarray("filter", "circuit.json", "in", "-o", "out")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.count("\n") == 1
    assert "a\\x1b[2J" in ended.out
    console, table = open_console(), Table("a", ESCAPE, title=ESCAPE)
    table.add_row("x", f"{ESCAPE} {'word ' * 3000}")
    console.out(ESCAPE)
    print_table(console, table)
    said = capsys.readouterr().out
    assert said.count("a\\x1b[2J\\x9b2J\\x07\\u202eb") == 4
    assert not re.search("[\x1b\x9b\x07\u202e]", said)


@pytest.mark.usefixtures("workshop")
def test_nobody_has_a_home(evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise KeyError("uid not found")

    given = ("circuit.json", "noisy.png", "clean.png", "--backend", "verilator")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    ended = evoarray("evaluate", *given)
    sound(ended, given)
    assert "there is no home folder to keep what is compiled; XDG_CACHE_HOME names" in ended.err
