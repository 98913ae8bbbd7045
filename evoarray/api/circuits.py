# SPDX-License-Identifier: Apache-2.0
"""An evolved filter in the hand: it filters, is measured, drawn, pruned, saved and exported."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evoarray.api.images import Image, Pair, as_plane, read, read_pair
from evoarray.evolution.export import product
from evoarray.evolution.export.facts import facts
from evoarray.evolution.filter.backends import open_backend
from evoarray.evolution.filter.comparison import Photo, as_json, cascade, compare, photo_of
from evoarray.evolution.filter.drawing import draw_svg
from evoarray.evolution.filter.presets import shape_of
from evoarray.evolution.filter.pruning import prune
from evoarray.evolution.filter.settings import BACKENDS
from evoarray.evolution.options import check
from evoarray.evolution.simplify.cost import luts
from evoarray.evolution.simplify.graph import depth, formulas, nodes, simplify
from evoarray.evolution.synthesis import programs
from evoarray.evolution.synthesis.flow import versions
from evoarray.model.channels import CHANNELS, by_channel
from evoarray.model.errors import InputError, MismatchError, refuse
from evoarray.model.files import write_atomically
from evoarray.model.filter import circuit as files
from evoarray.model.filter.circuit import Genes, Shape
from evoarray.model.filter.fitness import metrics
from evoarray.model.filter.functions import Plane
from evoarray.model.images import read_colours
from evoarray.model.rtl import sources


@dataclass(frozen=True)
class Circuit:
    """A configuration of the array: a filter of 3x3 windows. It never changes.

    after are the circuits that filter an image before this one does, for a cascade. Two circuits
    are equal if all their genes are.
    """

    configuration: files.Circuit
    after: tuple["Circuit", ...] = field(default=())

    @classmethod
    def of(cls, genes: Genes, size: str = "8x8", function_set: str = "upm16") -> "Circuit":
        """Return the circuit of genes (genes,) uint8. Raises InputError for illegal ones.

        They are the functions of the elements, row by row, then the pixels of the window that enter
        from the north and from the west, then the row that is the output.
        """
        shape = shape_of({"size": size, "function-set": function_set})
        return cls(files.circuit_of(np.asarray(genes, np.uint8), shape))

    @property
    def genes(self) -> Genes:
        """The genes (genes,) uint8, in the order of `of`."""
        return self.configuration.genes

    @property
    def shape(self) -> Shape:
        """Rows, columns and function set."""
        return self.configuration.shape

    @property
    def luts(self) -> int:
        """About how many 6-input look-up tables it costs on an FPGA, the sum of its operations."""
        return luts(self.configuration)

    @property
    def operations(self) -> int:
        """How many operations are left of it when nothing is computed twice or for nothing."""
        return len(nodes(simplify(self.configuration)))

    @property
    def depth(self) -> int:
        """How many of them are in a row at most."""
        return depth(simplify(self.configuration))

    @property
    def formula(self) -> str:
        """The operations, one on each line, of the pixels NW, N, NE, W, C, E, SW, S and SE."""
        return formulas(simplify(self.configuration))

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What it was evolved with and on, as its file has it."""
        return self.configuration.provenance

    def filter(
        self, image: Image, *, channels: str | None = None, backend: str = "model"
    ) -> NDArray[np.uint8]:
        """Return the filtered image, (H, W) uint8.

        With channels "each" or "luma" colours (H, W, 3 or 4) uint8 are filtered, too: each of red,
        green and blue by itself, or the luma alone. backend is who computes; all give the same
        pixels. Raises InputError for anything else than such an image, and where the backend is not
        installed.
        """
        check_backend(backend)
        if channels is None:
            return self.filter_plane(read(image, "the image").pixels, backend)
        if channels not in CHANNELS:
            refuse("channels", channels, f"None or one of {', '.join(CHANNELS)}")
        return by_channel(
            _colours(image), channels, lambda plane: self.filter_plane(plane, backend)
        )

    def filter_plane(self, plane: Plane, backend: str = "model") -> Plane:
        """Return a filtered image (H, W) uint8 that is known to be one."""
        given = cascade(self._before, plane)
        with closing(open_backend(backend, self.shape, [(given, given)])) as opened:
            return opened.filter(self.genes)

    def evaluate(
        self, noisy: Image, clean: Image, *, backend: str = "model"
    ) -> dict[str, int | float | None]:
        """Return how far the filtered noisy image is from the clean one.

        sae is the sum of absolute errors, mae the mean, psnr in dB (None for equal images), ssim
        1 for equal ones.
        """
        check_backend(backend)
        pair = read_pair((noisy, clean), "")
        return self.measure([(pair[0].pixels, pair[1].pixels)], backend)

    def measure(
        self, planes: Sequence[tuple[Plane, Plane]], backend: str
    ) -> dict[str, int | float | None]:
        """Return what `evaluate` does of pairs of planes (H, W) uint8, such as those of colours.

        Raises MismatchError if the backend's own SAE is not that of its pixels.
        """
        filtered, references, sae = [], [], 0
        for plane, reference in planes:
            pair = (cascade(self._before, plane), reference)
            with closing(open_backend(backend, self.shape, [pair])) as opened:
                sae += int(opened.evaluate(self.genes[np.newaxis])[0])
                filtered.append(opened.filter(self.genes))
                references.append(reference)
        result = as_json(metrics(np.dstack(filtered), np.dstack(references)))
        if result["sae"] != sae:
            raise MismatchError(
                f"the SAE of {backend} is {sae}, that of its pixels {result['sae']}"
            )
        return result

    def prune(
        self,
        noisy: Image,
        clean: Image,
        *,
        tolerance: float = 1.0,
        train_pair: Sequence[Pair] = (),
        convert: bool = False,
    ) -> "Pruned":
        """Return a cheaper circuit without what hardly matters for turning noisy into clean.

        Gene by gene, the change that saves most look-up tables is made, as long as the SAE, over
        these and the pairs of train_pair, rises by no more than so many percent in all.
        """
        check("tolerance", tolerance, {"kind": float, "least": 0, "most": 1000})
        read = [
            read_pair(pair, "" if not number else f"train_pair {number}", convert=convert)
            for number, pair in enumerate([(noisy, clean), *train_pair])
        ]
        pairs = [(cascade(self._before, noisy.pixels), clean.pixels) for noisy, clean in read]
        with closing(open_backend("fast", self.shape, pairs)) as opened:
            sae = int(opened.evaluate(self.genes[np.newaxis])[0])
            most = int(sae * (1 + tolerance / 100))
            steps = [(self.configuration, sae), *prune(self.configuration, opened.evaluate, most)]
        pruned, pruned_sae = steps[-1]
        return Pruned(Circuit(pruned, self.after), len(steps) - 1, sae, pruned_sae)

    def export(
        self,
        language: str = "verilog",
        output: str | os.PathLike[str] | None = None,
        *,
        name: str = "evolved_filter",
        pipeline: str | int = "full",
        stream: bool = False,
        prove: bool = False,
        synthesize: bool = False,
        test_pair: Sequence[Pair] = (),
        convert: bool = False,
        inputs: Sequence[Path] = (),
    ) -> "Export":
        """Write the circuit as a small file of its own, without the array, and return what it is.

        language is verilog (a module of Verilog-2005 with its testbench), c or python (a function).
        output is the folder for the files, by default one called `name`. pipeline, stream, prove
        and synthesize are for Verilog: registers after every operation ("full"), none, or so many
        on every way; a module with AXI4-Stream ports, too; a proof that the module equals the array
        for all inputs; area and clock by yosys and nextpnr. test_pair are images on which the page
        of facts measures it. inputs are files that must stay as they are.

        Raises InputError for a name that the language has no room for, an option without effect, a
        place that cannot be written, and a program that is not installed; MismatchError if the
        module is not the circuit.
        """
        if language not in product.LANGUAGES:
            refuse("language", language, f"one of {', '.join(product.LANGUAGES)}")
        asked = {"prove": prove, "stream": stream, "synthesize": synthesize}
        asked["pipeline"] = pipeline != "full"
        for word, wanted in asked.items():
            if wanted and language != "verilog":
                raise InputError(f"{word} goes with the language verilog")
        # Before anything is written.
        if prove:
            programs.require(*programs.PROVER, command="make setup")
            sources("filter")
        if synthesize:
            versions()
        photos = [
            _photo(self._before, pair, f"test_pair {number}", convert=convert)
            for number, pair in enumerate(test_pair, 1)
        ]
        folder, circuits = Path(name if output is None else output), [*self._before]
        circuits.append(self.configuration)
        exported = product.export(
            circuits, folder, name, language, str(pipeline), stream=stream, inputs=inputs
        )
        if prove:
            for each, (part, latency) in zip(circuits, exported.latencies.items(), strict=True):
                product.prove(each, folder, part, latency)
        results = product.synthesize(folder, exported) if synthesize else []
        compared = [compare(photo, self.configuration) for photo in photos]
        page = facts(name, circuits, exported.latencies, compared, results, proved=prove)
        write_atomically(folder / f"{name}.md", page.encode())
        return Export(
            folder,
            name,
            language,
            (*exported.files, f"{name}.md"),
            [
                Part(part, len(nodes(output)), formulas(output), latency)
                for (part, latency), output in zip(
                    exported.latencies.items(), map(simplify, circuits), strict=True
                )
            ],
            prove,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the circuit file, without those before it. Raises InputError if that fails."""
        files.write_circuit(Path(path), self.configuration)

    def draw(self) -> "Drawing":
        """Return the mesh as SVG: functions, wires, and in colour what the output depends on."""
        return Drawing(draw_svg(self.configuration))

    @property
    def _before(self) -> list[files.Circuit]:
        return [each.configuration for each in self.after]

    def __repr__(self) -> str:
        """Say what it is in one line."""
        rows, cols = self.shape.rows, self.shape.cols
        mesh = f"{rows}x{cols} of {self.shape.function_set}"
        after = f" after {len(self.after)} others" if self.after else ""
        return f"<Circuit {mesh}: {self.operations} operations, about {self.luts} LUTs{after}>"

    def _repr_svg_(self) -> str:
        return self.draw().svg


@dataclass(frozen=True)
class Pruned:
    """A cheaper circuit, how many genes were changed for it, and the SAE before and after."""

    circuit: Circuit
    changed: int
    sae_before: int
    sae: int


@dataclass(frozen=True)
class Part:
    """A filter as it was exported: the name of its module, its operations, and its latency.

    formula has the operations one on each line; latency is in cycles, 0 without registers.
    """

    name: str
    operations: int
    formula: str
    latency: int


@dataclass(frozen=True)
class Export:
    """What an export has written: files in a folder, and each filter of a cascade as a part.

    proved says whether the modules were proved to equal the array.
    """

    folder: Path
    name: str
    language: str
    files: tuple[str, ...]
    parts: Sequence["Part"]
    proved: bool

    @property
    def source(self) -> str:
        """The text of the module or the function; of a cascade that of the last one."""
        end = {"verilog": "v", "c": "c", "python": "py"}[self.language]
        return (self.folder / f"{self.parts[-1].name}.{end}").read_text(encoding="utf-8")

    def __repr__(self) -> str:
        """Say in one line what was written and whether it is proved."""
        proved = ", proved to equal the array for all inputs" if self.proved else ""
        return f"<Export {self.language} in {self.folder}: {', '.join(self.files)}{proved}>"


@dataclass(frozen=True, repr=False)
class Drawing:
    """An SVG drawing, which notebooks show."""

    svg: str

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file. Raises InputError if that fails."""
        write_atomically(Path(path), self.svg.encode())

    def _repr_svg_(self) -> str:
        return self.svg


def _photo(before: Sequence[files.Circuit], pair: Pair, called: str, *, convert: bool) -> Photo:
    noisy, clean = read_pair(pair, called, convert=convert)
    return photo_of(before, clean.name, noisy.pixels, clean.pixels)


def check_backend(backend: str) -> None:
    """Raise InputError for what is no backend."""
    if backend not in BACKENDS:
        refuse("backend", backend, f"one of {', '.join(BACKENDS)}")


def _colours(image: Image) -> NDArray[np.uint8]:
    """Return an image with the channels that it has. Raises InputError for what is none."""
    if isinstance(image, str | os.PathLike):
        return read_colours(Path(image))
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] in {1, 2, 3, 4}:
        for channel in np.moveaxis(array, -1, 0):
            as_plane(channel, "the image")
        return array
    return as_plane(array, "the image")
