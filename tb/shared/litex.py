# SPDX-License-Identifier: Apache-2.0
"""A LiteX SoC around a core, whose pins are named as those of the core: its own port drives it.

LiteX is imported where the SoC is made: the simulations need it no more.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evoarray.evolution.integration.cores import Interface, read_core
from tb.drivers import Dut

ORIGIN = 0x40000000
"""Of the core on the bus of the SoC, and of what the host sees."""
EV_ENABLE = 8
"""Where the register that enables the core's event is, in bytes after the core's addresses."""


def write_soc(file: Path, kind: Any, core: str, bus: str, parameters: Mapping[str, int]) -> None:
    """Write the Verilog of a SoC with a core in the wrapper `kind`; the file names the module.

    A host at the pins s_axil_* is the master of the bus, "wishbone" or "axi-lite". It finds the
    core at the addresses from 0 on, and LiteX's registers after. irq is the SoC's interrupt.
    """
    from litex.build.generic_platform import Pins
    from litex.build.sim import SimPlatform

    platform = SimPlatform("SIM", [(name, 0, Pins(1)) for name in ("clk", "rst", "irq")])
    wrapped = kind(platform, **parameters)
    soc = _soc(platform, wrapped, read_core(core).interfaces, bus)
    soc.finalize()
    registers = soc.csr.regions["core"]
    assert registers.origin == ORIGIN + wrapped.size
    assert [register.name for register in registers.obj].index("ev_enable") * 4 == EV_ENABLE
    # As LiteX writes it for simulators: else its combinational blocks wake themselves for ever.
    platform.get_verilog(soc, name=file.stem, regular_comb=False).write(str(file))


def drive_addresses(dut: Dut) -> None:
    """Let the SoC see addresses before the first access: it decodes them even if none is valid."""
    dut.s_axil_awaddr.value = 0
    dut.s_axil_araddr.value = 0


def _soc(platform: Any, wrapped: Any, interfaces: Mapping[str, Interface], bus: str) -> Any:
    from litex.build.io import CRG
    from litex.soc.integration.soc import SoCRegion
    from litex.soc.integration.soc_core import SoCMini
    from litex.soc.interconnect.axi import AXILiteInterface, AXILiteRemapper

    class Soc(SoCMini):  # type: ignore[misc]
        mem_map = {"csr": ORIGIN + wrapped.size}  # noqa: RUF012  (LiteX looks for it here)

        def __init__(self) -> None:
            self.crg = CRG(platform.request("clk"), platform.request("rst"))
            super().__init__(platform, clk_freq=100_000_000, bus_standard=bus, with_ctrl=False)
            self.core = wrapped
            region = SoCRegion(origin=ORIGIN, size=wrapped.size, cached=False)
            self.bus.add_slave("core", wrapped.bus, region)
            pins, host = AXILiteInterface(), AXILiteInterface()
            platform.add_extension(pins.get_ios("s_axil"))
            self.comb += pins.connect_to_pads(platform.request("s_axil"), mode="slave")
            self.remapper = AXILiteRemapper(pins, host, ORIGIN)
            self.bus.add_master("host", host)
            self.comb += platform.request("irq").eq(wrapped.ev.irq)
            for name, interface in interfaces.items():
                if interface.bus == "AXI4Stream":
                    stream = getattr(wrapped, name.split("_axis_")[1])
                    self.comb += _pins(platform, name, interface, stream)

    return Soc()


def _pins(platform: Any, name: str, interface: Interface, stream: Any) -> list[Any]:
    """Make pins of the signals that a stream of the core has, and return their connections."""
    from litex.build.generic_platform import Pins, Subsignal

    signals = {signal.lower(): getattr(stream, signal[1:].lower()) for signal in interface.ports}
    subsignals = [Subsignal(each, Pins(len(signal))) for each, signal in signals.items()]
    platform.add_extension([(name, 0, *subsignals)])
    pads = platform.request(name)
    return [
        getattr(pads, each).eq(signal)
        if (each == "tready") == interface.is_slave
        else signal.eq(getattr(pads, each))
        for each, signal in signals.items()
    ]
