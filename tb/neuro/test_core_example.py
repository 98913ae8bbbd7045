# SPDX-License-Identifier: Apache-2.0
"""docs/neural-core.md: its module is compiled, and its writes and images do what the page says."""

import re
from collections.abc import Callable
from pathlib import Path

import cocotb
import numpy as np

from evoarray.model.neuro.forward import forward
from evoarray.model.neuro.latency import inference_cycles
from evoarray.model.neuro.network import Dense, Network
from evoarray.model.neuro.program import Core, program
from tb.drivers import Dut, Monitor, Source, Testbench

PAGE = Path(__file__).parents[2] / "docs" / "neural-core.md"
NETWORK = Network((1, 1, 2), (Dense(np.array([[1, 1]]), np.array([-254]), 0, "logits"),))
CORE = Core(
    cols=1, layers=1, activations=16, positions=2, weights=16, biases=2, tables=1, multiplier=0
)


def block(language: str) -> str:
    """Return the page's code block in this language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(found) == 1
    return str(found[0])


def test_the_example(simulate: Callable[..., None], tmp_path: Path) -> None:
    source = tmp_path / "example.v"
    source.write_text(block("verilog"), encoding="utf-8")
    simulate(
        toplevel="example", module="tb.neuro.test_core_example", family="neuro", sources=[source]
    )


@cocotb.test(timeout_time=100, timeout_unit="us")
async def the_accesses_of_the_example(dut: Dut) -> None:
    bench = Testbench(dut)
    configuration = Source(bench, dut.cfg_valid, dut.cfg_ready, [dut.cfg_address, dut.cfg_data])
    inputs = Source(bench, dut.s_image_valid, dut.s_image_ready, [dut.s_image_value])
    outputs = [dut.m_logits_last, dut.m_logits_value]
    logits = Monitor(bench, dut.m_logits_valid, dut.m_logits_ready, outputs)
    dut.m_logits_ready.value = 1
    await bench.reset()
    writes: list[tuple[int, int]] = []
    for line in block("text").splitlines():
        match line.split():
            case ["write", address, value, *_]:
                writes.append((int(address, 0), int(value, 0)))
                configuration.send(writes[-1:])
            case ["image", first, second, logit, *_]:
                await bench.until(lambda: not configuration.queue)
                image = np.array([[[[int(first), int(second)]]]], np.int8)
                assert forward(NETWORK, image).tolist() == [[int(logit)]]
                inputs.send((int(byte),) for byte in image.ravel())
                logits.scoreboard.expect([(1, int(logit) % 2**32)])
            case ["cycles", number, *_]:
                await bench.finish()
                assert int(dut.cycles.value) == int(number) == inference_cycles(NETWORK, CORE)
            case _:
                raise AssertionError(f"the page says {line}")
    assert writes == [tuple(write) for write in program(NETWORK, CORE).tolist()]
    assert logits.scoreboard.count == 4
