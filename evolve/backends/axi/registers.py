# SPDX-License-Identifier: Apache-2.0
"""The registers of a core behind a port, by their names in rtl/registers/."""

from typing import Protocol

from evoarray.model.registers import load_map


class RefusedError(Exception):
    """The core answered SLVERR: it has not done what it was told."""


class RegisterPort(Protocol):
    """The way to the registers of a core."""

    async def read(self, address: int) -> int:
        """Return a word. Raises RefusedError."""

    async def write(self, address: int, word: int) -> None:
        """Write a word. Raises RefusedError."""


class RegisteredCore:
    """A core that is known by its register map alone."""

    def __init__(self, name: str, port: RegisterPort) -> None:
        self.name = name
        self.registers = load_map(name).registers
        self._port = port

    async def read(self, name: str, field: str | None = None) -> int:
        """Return the value of a register, or of one of its fields."""
        register = self.registers[name]
        word = await self._port.read(register.address)
        return word if field is None else register.fields[field].of(word)

    async def write(self, name: str, value: int = 0, **fields: int) -> None:
        """Write a register: a value, with these fields in it. Raises RefusedError."""
        register = self.registers[name]
        for field, number in fields.items():
            value |= register.fields[field].place(number)
        await self._port.write(register.address, value)

    async def identify(self) -> None:
        """Raise RuntimeError if something else, or a core with another register map, is there."""
        identity = await self.read("IDENTITY")
        if identity != self.registers["IDENTITY"].value:
            raise RuntimeError(f"no {self.name} with this register map: it says 0x{identity:08X}")
