# SPDX-License-Identifier: Apache-2.0
"""The cores as LiteX modules: docs/core.md has an example. They need LiteX, the extra litex."""

from collections.abc import Mapping
from typing import Any

from litex.gen import LiteXModule
from litex.soc.interconnect.axi import AXILiteInterface, AXIStreamInterface
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel
from migen import ClockSignal, Instance, ResetSignal

from evoarray.evolution.integration.cores import CORES, Module, read_core
from evoarray.model.errors import InputError
from evoarray.model.registers import load_map
from evoarray.model.rtl import INCLUDE_DIR, sources

_CHANNELS = ("aw", "w", "b", "ar", "r")


class _Core(LiteXModule):  # type: ignore[misc]
    """A core with its bus, its streams and its interrupt, in the clock domain sys.

    bus is an AXILiteInterface that takes `size` bytes of addresses. The streams are
    AXIStreamInterfaces with data, last and, for pixels, user; all bytes of data are always valid.
    ev.done is as the core's irq: the core's STATUS clears it, not the event's own register.
    """

    def __init__(self, platform: Any, core: str, parameters: Mapping[str, int]) -> None:
        module = read_core(core)
        values = _values(module, parameters)
        self.size = 2 ** load_map(core).address_bits
        self.bus = AXILiteInterface()
        self.ev = EventManager()
        self.ev.done = EventSourceLevel()
        self.ev.finalize()
        signals = {"clk": ClockSignal(), "rst": ResetSignal(), "irq": self.ev.done.trigger}
        for name, interface in module.interfaces.items():
            if interface.bus == "AXI4-Lite":
                endpoints = {each.upper(): getattr(self.bus, each) for each in _CHANNELS}
            else:
                width = module.ports[interface.ports["TDATA"]].width(values)
                stream = AXIStreamInterface(width, user_width=1, name=name)
                if not interface.is_slave:
                    self.comb += stream.keep.eq(2 ** (width // 8) - 1)
                setattr(self, name.split("_axis_")[1], stream)
                endpoints = {"T": stream}
            for signal, port in interface.ports.items():
                # The SoC's addresses are wider than the core's.
                signals[port] = _find(signal, endpoints)[: module.ports[port].width(values)]
        self.specials += Instance(
            core,
            **{f"p_{name}": value for name, value in values.items()},
            **{f"{port.direction[0]}_{name}": signals[name] for name, port in module.ports.items()},
        )
        platform.add_verilog_include_path(str(INCLUDE_DIR))
        for file in sources(CORES[core].family):
            platform.add_source(str(file))


class Filter(_Core):
    """evoarray_axi: filters pixels with a circuit that software loads.

    The keywords are its parameters (docs/core.md) in small letters. The pixel of array a is in
    filtered.data[8*a:8*a + 8]. Raises InputError for a keyword that is no parameter.
    """

    noisy: AXIStreamInterface
    reference: AXIStreamInterface
    filtered: AXIStreamInterface

    def __init__(self, platform: Any, **parameters: int) -> None:
        super().__init__(platform, "evoarray_axi", parameters)


class NeuralCore(_Core):
    """evoarray_neuro_axi: runs a network that software loads.

    The keywords are its parameters (docs/neural-core.md) in small letters. Raises InputError for a
    keyword that is no parameter.
    """

    image: AXIStreamInterface
    logits: AXIStreamInterface

    def __init__(self, platform: Any, **parameters: int) -> None:
        super().__init__(platform, "evoarray_neuro_axi", parameters)


def _values(module: Module, parameters: Mapping[str, int]) -> dict[str, int]:
    """Return the values of all parameters by their names in Verilog."""
    legal = {name.lower(): name for name in module.parameters}
    for keyword, value in parameters.items():
        if keyword not in legal:
            raise InputError(
                f"{module.name} has no parameter '{keyword}'; choose from {', '.join(legal)}"
            )
        if type(value) is not int:
            raise InputError(f"{keyword} is {value!r}; it must be a whole number")
    given = {legal[keyword]: value for keyword, value in parameters.items()}
    return {name: parameter.default for name, parameter in module.parameters.items()} | given


def _find(signal: str, endpoints: Mapping[str, Any]) -> Any:
    """Return a bus's signal from the endpoints, which stand by how their signals' names begin."""
    begin = max((each for each in endpoints if signal.startswith(each)), key=len)
    return getattr(endpoints[begin], signal.removeprefix(begin).lower())
