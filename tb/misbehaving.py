# SPDX-License-Identifier: Apache-2.0
"""Cocotb tests that fail in every way that the runner must notice; test_runner.py picks one."""

import os

import cocotb
import pytest

from tb.drivers import Dut, Testbench


@cocotb.test()
async def is_wrong(dut: Dut) -> None:
    bench = Testbench(dut)
    await bench.wait(10)
    raise AssertionError(f"drew {bench.random.random()}")


@cocotb.test()
async def waits(dut: Dut) -> None:
    await Testbench(dut).wait(1000)


@cocotb.test()
async def leaves(dut: Dut) -> None:
    """Take the simulator along, with the exit status of success."""
    await Testbench(dut).wait(10)
    os._exit(0)


@cocotb.test()
async def is_skipped(dut: Dut) -> None:
    await Testbench(dut).wait(10)
    pytest.skip("no reason")
