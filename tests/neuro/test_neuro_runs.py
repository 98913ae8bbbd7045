# SPDX-License-Identifier: Apache-2.0
"""Runs that evolve networks: what they leave, how they are stopped and go on, and the report."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evoarray.evolution.machine import THREADS
from evoarray.evolution.neuro import progress
from evoarray.evolution.neuro.backends import ModelBackend
from evoarray.evolution.neuro.data import digits
from evoarray.evolution.neuro.judge import judge, replay
from evoarray.evolution.neuro.neat.settings import NeatSettings
from evoarray.evolution.runs.listing import look
from evoarray.model.errors import MismatchError
from evoarray.model.neuro.arithmetic import Int8
from evoarray.model.neuro.forward import classify, forward
from evoarray.model.neuro.layers import Int32
from evoarray.model.neuro.network import Network, load_network
from tests.conftest import ROOT, Ended, Evoarray

SMALL = ("--layers", "64-6-10", "--evaluations", 6000, "--interval", 500)
XOR = ("--algorithm", "neat", "--seed", 4)
NEAT = (
    *("--algorithm", "neat", "--problem", "digits-4x4", "--population", 20, "--part", 0.1),
    *("--threshold", 0.6, "--excess", 10, "--disjoint", 10, "--smooth", 1, "--scale", 15),
)


def evolved(evoarray: Evoarray, name: str, *options: object) -> Ended:
    ended = evoarray("neuro", "-o", name, *options)
    assert ended.status == 0, ended.err
    return ended


def outcome(folder: Path) -> tuple[Any, ...]:
    """Return what may not depend on whether a run was stopped: network, curve and counters."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    del results["seconds"]
    loaded, state = look(folder / "run.sqlite")
    assert state == "finished"
    assert loaded.checkpoint
    network = load_network(folder / "network.json")
    return network, results, loaded.rows, loaded.events, loaded.checkpoint["search"]


def begin(folder: Path, *command: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "evoarray", *map(str, command)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(folder: Path) -> None:
    """Wait until a run is under way."""
    limit = time.monotonic() + 120
    while not (folder / "provenance.json").exists():
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_run_leaves_what_its_network_comes_to(evoarray: Evoarray, tmp_path: Path) -> None:
    printed = evolved(evoarray, "run", *SMALL).out
    network, results, rows, events, _ = outcome(tmp_path / "run")
    judged = judge(network, digits())
    test = digits().test
    right = int((classify(forward(network, test.images)) == test.labels).sum())
    assert results["right"]["test"] == judged.right["test"] == right
    assert results["accuracy"]["test"] == right / 400
    assert f"{right} of 400" in printed
    confusion = np.array(results["confusion"])
    assert confusion.sum(1).tolist() == np.bincount(test.labels).tolist()
    assert confusion.trace() == right
    assert (results["nonzero"], results["parameters"]) == (network.nonzero, 6 * 65 + 10 * 7)
    assert [row.evaluations for row in rows] == [event.evaluations for event in events]
    assert [event.details["right"] for event in events] == sorted(
        event.details["right"] for event in events
    )
    assert rows[-1].sae < rows[0].sae
    (listed,) = json.loads(evoarray("runs", ".", "--json").out)
    assert (listed["state"], listed["wrong"], listed["sae"]) == ("finished", rows[-1].sae, None)
    assert f"{rows[-1].sae} wrong" in evoarray("runs", ".").out


def test_runs_that_are_killed_end_as_others(evoarray: Evoarray, tmp_path: Path) -> None:
    options = (*SMALL, "--evaluations", 40_000)
    evolved(evoarray, "whole", *options)
    expected, draw = outcome(tmp_path / "whole"), random.Random(3)
    cut_off = 0
    for attempt in range(3):
        name = f"run-{attempt}"
        running = begin(tmp_path, "neuro", "-o", name, *options)
        wait_for(tmp_path / name)
        time.sleep(draw.uniform(0, 2))
        running.kill()
        cut_off += running.wait() == -signal.SIGKILL
        if not (tmp_path / name / "results.json").exists():
            assert evoarray("resume", name).status == 0
        assert outcome(tmp_path / name) == expected
    assert cut_off


def test_neat_goes_on_from_what_was_saved(evoarray: Evoarray, tmp_path: Path) -> None:
    options = (*NEAT, "--evaluations", 1500)
    evolved(evoarray, "whole", *options)
    running = begin(tmp_path, "neuro", "-o", "run", *options)
    wait_for(tmp_path / "run")
    while (saved := look(tmp_path / "run" / "run.sqlite")[0].checkpoint) is None:
        assert running.poll() is None
        time.sleep(0.01)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    assert 0 < saved["search"]["evaluations"] < 1500
    assert evoarray("resume", "run").status == 0
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_goes_on(evoarray: Evoarray, tmp_path: Path, number: int) -> None:
    options = (*SMALL, "--evaluations", 200_000)
    running = begin(tmp_path, "neuro", "-o", "run", *options)
    wait_for(tmp_path / "run")
    time.sleep(0.2)
    running.send_signal(number)
    assert running.wait() == {signal.SIGINT: 130, signal.SIGTERM: 143}[signal.Signals(number)]
    assert "stopped" in evoarray("runs", ".").out
    load_network(tmp_path / "run" / "network.json")
    assert evoarray("resume", "run").status == 0
    evolved(evoarray, "whole", *options)
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")
    again = evoarray("resume", "run")
    assert (again.status, again.err) == (
        2,
        "evoarray: the run run is finished; there is nothing to resume\n",
    )


@pytest.mark.parametrize(
    "options",
    [
        (*SMALL, "--evaluations", 300, "--interval", 100),
        (*XOR, "--evaluations", 60, "--population", 20, "--add-node", 0.3),
    ],
    ids=["weights", "neat"],
)
def test_the_backend_does_not_matter(
    evoarray: Evoarray, tmp_path: Path, options: tuple[object, ...]
) -> None:
    found = []
    for backend in ("fast", "model", "verilator"):
        evolved(evoarray, backend, *options, "--backend", backend)
        network, results, *rest, _ = outcome(tmp_path / backend)
        found.append((network, results, rest))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("options", [SMALL, (*NEAT, "--evaluations", 200)], ids=["weights", "neat"])
def test_the_champion_is_replayed(
    evoarray: Evoarray, tmp_path: Path, options: tuple[object, ...]
) -> None:
    printed = evolved(evoarray, "run", *options, "--replay", "verilator").out
    assert "all 4,000 logits of 400 images of the test equal the golden model's" in printed
    assert outcome(tmp_path / "run")[1]["rtl_equal"] is True


def test_a_run_ends_where_all_is_right(
    evoarray: Evoarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = evolved(evoarray, "whole", *XOR).out
    network, results, *_ = outcome(tmp_path / "whole")
    assert results["right"] == {"training": 4, "validation": 4, "test": 4}
    assert results["confusion"] == [[2, 0], [0, 2]]
    assert f"All that validates is right after {results['evaluations']} evaluations" in printed
    assert results["evaluations"] < 15_000
    assert results["sizes"]["layers"] == len(network.layers) > 1
    assert f"identity lanes: {results['sizes']['identity lanes']}" in printed
    with monkeypatch.context() as patch:
        patch.delattr(
            "evoarray.evolution.neuro.run._print"
        )  # it breaks off after the last generation
        with pytest.raises(NameError):
            evoarray("neuro", "-o", "run", *XOR)
    assert evoarray("resume", "run").status == 0
    assert outcome(tmp_path / "run") == outcome(tmp_path / "whole")


def test_a_wrong_logit_is_found() -> None:
    class Wrong(ModelBackend):
        def logits(self, networks: Any, images: Int8) -> Int32:
            logits = super().logits(networks, images)
            logits[0, 3, 1] += 1
            return logits

    network = _network()
    images = digits().test.images[:5]
    assert replay(network, images, ModelBackend()) == 50
    with pytest.raises(MismatchError, match="image 3: logits"):
        replay(network, images, Wrong())


def _network() -> Network:
    from evoarray.evolution.neuro.algorithms import algorithm_of
    from evoarray.evolution.neuro.settings import NeuroSettings

    networks: list[Network] = [each.network() for each in algorithm_of(NeuroSettings()).ask()]
    return networks[0]


def test_programs_can_watch(evoarray: Evoarray) -> None:
    printed = evolved(evoarray, "run", *SMALL, "--json-lines").out
    *steps, last = map(json.loads, printed.splitlines())
    assert [step["evaluations"] // 500 for step in steps] == list(range(1, 13))
    assert last["results"]["evaluations"] == steps[-1]["evaluations"]


def test_options_from_a_file(evoarray: Evoarray, tmp_path: Path) -> None:
    (tmp_path / "options.toml").write_text('layers = "64-6-10"\nevaluations = 600\n')
    evolved(evoarray, "run", "--config", "options.toml", "--interval", 200)
    assert load_network(tmp_path / "run" / "network.json").parameters == 460
    assert outcome(tmp_path / "run")[2][-1].evaluations >= 600
    text = "\n".join(
        f"{name.removeprefix('--')} = {json.dumps(value)}"
        for name, value in zip(XOR[::2], XOR[1::2], strict=True)
    )
    (tmp_path / "options.toml").write_text(f"{text}\npopulation = 30\nevaluations = 60\n")
    evolved(evoarray, "grown", "--config", "options.toml", "--step", 16)
    description = look(tmp_path / "grown" / "run.sqlite")[0].description
    expected = NeatSettings(seed=4, population=30, evaluations=60, step=16)
    assert description["settings"] == asdict(expected)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--layers", "63-10"), "layers is '63-10'; it must be 64 inputs first"),
        (("--evaluations", 0), "evaluations is 0; it must be a whole number from 1 up"),
        (("--algorithm", "luck"), "'luck' is not one of"),
        (("--algorithm", "logistic"), "algorithm is 'logistic'; it must be one of one-plus-lambda"),
        (("--algorithm", "neat-python"), "hand-made, neat; studies have others"),
        (("--algorithm", "neat", *SMALL), "layers has no effect with algorithm neat"),
        (("--add-node", 0.1), "add-node has no effect with algorithm one-plus-lambda"),
        (("--algorithm", "neat", "--step", 8.5), "step is 8.5; it must be a whole number"),
        (("--algorithm", "neat", "--step", "far"), "'far' is not a number"),
        *(
            (
                ("--algorithm", name, "--evaluations", 49, "--population", 50),
                "evaluations is 49; it must be 50 or more with a population of as many",
            )
            for name in ("ga", "ep", "es", "pso", "deepga", "neat")
        ),
        (("--algorithm", "neat", "--activation", "tanh"), "it must be one of relu, linear, step"),
        (("--config", "none.toml"), "cannot read the TOML file none.toml: No such file"),
    ],
)
def test_bad_options(evoarray: Evoarray, options: tuple[object, ...], says: str) -> None:
    ended = evoarray("neuro", "-o", "run", *options)
    assert ended.status == 2
    assert says in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not Path("run").exists()


def test_a_generation_that_is_trained_shows_how_far_it_is(
    evoarray: Evoarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    options = ("--algorithm", "deepga", "--population", 4, "--evaluations", 4, "--epochs", 1)
    ended = evoarray("neuro", "-o", "run", *options)
    assert ended.status == 0, ended.err
    shown = re.findall(r"(\d)/4 evaluations", ended.out)
    assert shown == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("asked", [None, "3"])
def test_a_run_has_one_core(asked: str | None) -> None:
    """NumPy's threads would wait for each other wherever there is other work."""
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    if asked:
        environment |= dict.fromkeys(THREADS, asked)
    code = (
        "from evoarray.__main__ import main; "
        "import sys; sys.argv = ['evoarray', '--version']\ntry: main()\nexcept SystemExit: pass\n"
        "from threadpoolctl import threadpool_info as info; "
        "print({each['num_threads'] for each in info() if each['user_api'] == 'blas'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == f"{{{min(int(asked or 1), os.cpu_count() or 1)}}}"


def test_a_folder_that_exists(evoarray: Evoarray, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").touch()
    ended = evoarray("neuro", "-o", "run", *SMALL)
    assert ended.status == 2
    assert "the run folder run exists" in ended.err


def test_a_report_tells_what_the_run_found(evoarray: Evoarray, tmp_path: Path) -> None:
    evolved(evoarray, "run", *SMALL)
    ended = evoarray("report", "run")
    assert ended.status == 0, ended.err
    network, results, rows, *_ = outcome(tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    matrix = page[page.index('<table class="confusion">') :].partition("</table>")[0]
    cells = re.findall(r"<td[^>]*>(\d+|·)</td>", matrix)
    found = np.array([0 if cell == "·" else int(cell) for cell in cells]).reshape(10, 10)
    assert found.tolist() == results["confusion"]
    wrong = 400 - results["right"]["test"]
    assert page.count(" taken for ") == min(24, wrong)
    assert page.count('alt="weights of unit') == 6
    data = json.loads((tmp_path / "run" / "report-results.json").read_text(encoding="utf-8"))
    assert data["right"] == results["right"]
    assert data["curve"][-1]["wrong_in_training"] == rows[-1].sae
    assert data["network"]["layers"][0]["weights"] == network.layers[0].weights.tolist()


@pytest.mark.parametrize("options", [XOR, (*NEAT, "--evaluations", 60)], ids=["xor", "digits"])
def test_a_report_tells_what_neat_grew(
    evoarray: Evoarray, tmp_path: Path, options: tuple[object, ...]
) -> None:
    evolved(evoarray, "run", *options)
    ended = evoarray("report", "run")
    assert ended.status == 0, ended.err
    _, results, *_ = outcome(tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for kind, count in results["sizes"].items():
        assert f"<dt>{kind}</dt><dd>{count:,}</dd>" in page
    solved, cases = ("all", "4 cases") if options is XOR else ("test", "400 digits</strong> that")
    assert f'<th scope="row">{solved}</th><td>{results["images"]["test"]}</td>' in page
    assert cases in page
    assert f"<dt>problem</dt><dd>{'xor' if options is XOR else 'digits-4x4'}</dd>" in page
    data = json.loads((tmp_path / "run" / "report-results.json").read_text(encoding="utf-8"))
    assert data["sizes"] == results["sizes"]
