# SPDX-License-Identifier: Apache-2.0
"""Colour by its channels or its luma, many images at once, and sequences of frames."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from evoarray.model.channels import by_channel, luma, planes_of
from evoarray.model.errors import InputError
from evoarray.model.filter.array import filter_image
from evoarray.model.filter.circuit import (
    Circuit,
    Shape,
    random_circuit,
    read_circuit,
    write_circuit,
)
from evoarray.model.filter.fitness import metrics
from evoarray.model.filter.functions import Plane
from evoarray.model.images import read_colours, read_frames, read_image, write_frames, write_image
from evoarray.model.noise import add_noise
from tests.conftest import Evoarray
from tests.image_files import png
from tests.test_robustness import refused


def pixels_of(*shape: int, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def save(path: Path, pixels: NDArray[np.uint8], **options: Any) -> None:
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture
def circuit(tmp_path: Path) -> Circuit:
    write_circuit(
        tmp_path / "circuit.json",
        random_circuit(Shape(4, 4, "upm16"), np.random.default_rng(8)),
    )
    return read_circuit(tmp_path / "circuit.json")


def filtered(circuit: Circuit, plane: Plane) -> Plane:
    return filter_image(circuit, np.ascontiguousarray(plane))


# --- channels


@settings(deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([(), (2,), (3,), (4,)]),
    st.sampled_from(["each", "luma"]),
)
def test_nothing_changes_what_is_not_changed(
    seed: int, channels: tuple[int, ...], way: str
) -> None:
    pixels = pixels_of(5, 4, *channels, seed=seed)
    assert by_channel(pixels, way, lambda plane: plane).tolist() == pixels.tolist()


def test_the_luma_is_that_of_the_conversion(tmp_path: Path) -> None:
    """That is, 0.299 R + 0.587 G + 0.114 B, which Pillow computes in the same integers."""
    pixels = pixels_of(64, 64, 3)
    save(tmp_path / "colour.png", pixels)
    expected = np.asarray(Image.fromarray(pixels).convert("L"))
    assert luma(pixels).tolist() == expected.tolist()
    assert read_image(tmp_path / "colour.png", convert=True).tolist() == expected.tolist()


def test_a_change_of_the_luma_keeps_the_chroma() -> None:
    """Blue less luma and red less luma stay, as long as no sample leaves 0 to 255."""
    pixels = (pixels_of(16, 16, 3) // 2 + 64).astype(np.uint8)
    changed = by_channel(pixels, "luma", lambda plane: (plane - 20).astype(np.uint8))
    assert np.array_equal(changed, pixels - 20)
    dark = by_channel(pixels, "luma", np.zeros_like)
    assert np.array_equal(dark, np.maximum(pixels.astype(int) - luma(pixels)[..., None], 0))


def test_planes() -> None:
    for shape, way, count in (
        ((3, 4), "each", 1),
        ((3, 4, 2), "luma", 1),
        ((3, 4, 3), "each", 3),
        ((3, 4, 4), "each", 3),
        ((3, 4, 4), "luma", 1),
    ):
        planes = planes_of(pixels_of(*shape), way)
        assert [plane.shape for plane in planes] == [(3, 4)] * count


# --- filter


@pytest.mark.parametrize("name", ["photo.png", "photo.ppm", "photo.bmp", "photo.tif", "photo.jpg"])
def test_colour_is_filtered_by_channel(
    evoarray: Evoarray, tmp_path: Path, circuit: Circuit, name: str
) -> None:
    save(tmp_path / name, pixels_of(12, 10, 3))
    with Image.open(tmp_path / name) as picture:
        colours = np.asarray(picture)
    says = f"'{name}' is a colour image; .* one of the options --convert and --channels"
    refused(evoarray("filter", "circuit.json", name, "-o", "out.png"), says)
    ended = evoarray("filter", "circuit.json", name, "-o", "out.png", "--channels", "each")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    expected = np.dstack([filtered(circuit, colours[..., n]) for n in range(3)])
    assert read_colours(tmp_path / "out.png").tolist() == expected.tolist()
    ended = evoarray("filter", "circuit.json", name, "-o", "out.png", "--channels", "luma")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    more = filtered(circuit, luma(colours)).astype(int) - luma(colours)
    expected = np.clip(colours + more[..., np.newaxis], 0, 255)
    assert read_colours(tmp_path / "out.png").tolist() == expected.tolist()


def test_the_engine_filters_channels(evoarray: Evoarray, tmp_path: Path, circuit: Circuit) -> None:
    save(tmp_path / "photo.png", pixels_of(5, 6, 3))
    options = ("--channels", "each", "--backend", "fast")
    ended = evoarray("filter", "circuit.json", "photo.png", "-o", "out.png", *options)
    assert (ended.status, ended.err) == (0, "")
    expected = by_channel(pixels_of(5, 6, 3), "each", lambda plane: filtered(circuit, plane))
    assert read_colours(tmp_path / "out.png").tolist() == expected.tolist()


def test_transparency_stays(evoarray: Evoarray, tmp_path: Path, circuit: Circuit) -> None:
    for channels in (2, 4):
        pixels = pixels_of(6, 7, channels)
        save(tmp_path / "photo.png", pixels)
        for output in ("out.png", "out.tif"):
            ended = evoarray(
                "filter", "circuit.json", "photo.png", "-o", output, "--channels", "each"
            )
            assert (ended.status, ended.err) == (0, "")
            found = read_colours(tmp_path / output)
            assert found[..., -1].tolist() == pixels[..., -1].tolist()
            assert found[..., 0].tolist() == filtered(circuit, pixels[..., 0]).tolist()
        refused(
            evoarray("filter", "circuit.json", "photo.png", "-o", "out.bmp", "--channels", "each"),
            "cannot write transparency to 'out.bmp': end its name in .png or .tif",
        )


@pytest.mark.usefixtures("circuit")
def test_ways_that_contradict_each_other(evoarray: Evoarray, images: Path) -> None:
    save(images / "photo.png", pixels_of(6, 7, 3))
    both = ("--convert", "--channels", "each")
    for arguments in (
        ("filter", "circuit.json", "photo.png", "-o", "out.png"),
        ("filter", "circuit.json", "photo.png", "clean.png", "-o", "out"),
        ("noise", "photo.png", "-o", "out.png"),
        ("evaluate", "circuit.json", "photo.png", "photo.png"),
    ):
        refused(evoarray(*arguments, *both), "--convert drops the colours that --channels keeps")
    refused(
        evoarray("filter", "circuit.json", "photo.png", "-o", "out.pgm", "--channels", "each"),
        "cannot write colours to 'out.pgm': end its name in .png, .ppm or .tif",
    )
    says = "one of photo.png and grey.png is in colour and the other is grey"
    save(images / "grey.png", pixels_of(6, 7))
    pair = ("photo.png", "grey.png", "--channels", "each")
    refused(evoarray("evaluate", "circuit.json", *pair), says)
    assert not {"out.png", "out.pgm", "out"} & {path.name for path in images.iterdir()}


def test_sixteen_bits_of_colour_are_rounded(
    evoarray: Evoarray, tmp_path: Path, circuit: Circuit
) -> None:
    del circuit
    levels = np.random.default_rng(1).integers(0, 1 << 16, (6, 7, 3), np.uint16)
    (tmp_path / "deep.png").write_bytes(png(levels, 16, 2))
    noise = ("noise", "deep.png", "--amount", 0, "-o", "out.png", "--channels", "each")
    assert evoarray(*noise).status == 0
    assert (
        read_colours(tmp_path / "out.png").tolist() == ((levels.astype(int) + 128) // 257).tolist()
    )


# --- noise and evaluate


def test_noise_of_colour(evoarray: Evoarray, tmp_path: Path) -> None:
    """The channels have noise of their own; that of the luma is the same in all of them."""
    pixels = np.full((20, 30, 3), 128, np.uint8)
    save(tmp_path / "photo.png", pixels)
    options = ("--kind", "gaussian", "--amount", 0.05, "--seed", 3)
    for way in ("each", "luma"):
        ended = evoarray("noise", "photo.png", "-o", f"{way}.png", "--channels", way, *options)
        assert (ended.status, ended.err) == (0, "")
    rng = np.random.default_rng(3)
    expected = [add_noise(pixels[..., n], "gaussian", 0.05, rng) for n in range(3)]
    assert read_colours(tmp_path / "each.png").tolist() == np.dstack(expected).tolist()
    same = read_colours(tmp_path / "luma.png")
    assert (same == same[..., :1]).all()
    assert same[..., 0].tolist() == expected[0].tolist()


@pytest.mark.parametrize("backend", ["model", "fast"])
def test_evaluate_colour(
    evoarray: Evoarray, tmp_path: Path, circuit: Circuit, backend: str
) -> None:
    noisy, clean = pixels_of(12, 10, 3), pixels_of(12, 10, 3, seed=2)
    save(tmp_path / "noisy.png", noisy)
    save(tmp_path / "clean.png", clean)
    command = ("evaluate", "circuit.json", "noisy.png", "clean.png", "--backend", backend, "--json")
    found = json.loads(evoarray(*command, "--channels", "each").out)
    parts = [metrics(filtered(circuit, noisy[..., n]), clean[..., n]) for n in range(3)]
    power = np.mean([255**2 / 10 ** (part.psnr / 10) for part in parts])
    assert found["sae"] == sum(part.sae for part in parts)
    assert found["mae"] == pytest.approx(np.mean([part.mae for part in parts]))
    assert found["psnr"] == pytest.approx(10 * np.log10(255**2 / power))
    assert found["ssim"] == pytest.approx(np.mean([part.ssim for part in parts]))
    found = json.loads(evoarray(*command, "--channels", "luma").out)
    assert found["sae"] == metrics(filtered(circuit, luma(noisy)), luma(clean)).sae


# --- many images


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, NDArray[np.uint8]]:
    """Return what is in the folder photos, beside what is no image of it."""
    folder = tmp_path / "photos"
    (folder / "inner.png").mkdir(parents=True)
    (folder / "notes.txt").write_text("no image\n", encoding="utf-8")
    (folder / "._frame-1.png").write_bytes(b"of another system")
    made = {f"frame-{n}.png": pixels_of(6, 5 + n, seed=n) for n in (1, 2, 10)}
    made |= {"B.PNG": pixels_of(7, 7), "c.bmp": pixels_of(7, 8), "d.pgm": pixels_of(8, 7)}
    for name, pixels in made.items():
        write_image(folder / name, pixels)
    return made


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_keeps_its_names(
    evoarray: Evoarray,
    tmp_path: Path,
    circuit: Circuit,
    photos: dict[str, NDArray[np.uint8]],
    exists: bool,
) -> None:
    if exists:
        (tmp_path / "out").mkdir()
    before = {
        path: path.read_bytes() for path in (tmp_path / "photos").glob("*.*") if path.is_file()
    }
    ended = evoarray("filter", "circuit.json", "photos", "-o", "out")
    assert (ended.status, ended.err) == (0, "")
    names = sorted(photos)
    assert ended.out == "".join(f"photos/{name} -> out/{name}\n" for name in names)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for name, pixels in photos.items():
        assert read_image(tmp_path / "out" / name).tolist() == filtered(circuit, pixels).tolist()
    assert all(path.read_bytes() == content for path, content in before.items())
    assert evoarray("filter", "circuit.json", "photos", "-o", "out").status == 0, "once more"


def test_several_files_in_formats_with_loss(
    evoarray: Evoarray, tmp_path: Path, circuit: Circuit
) -> None:
    """What was filtered is written without loss, under a suffix that says so."""
    for name in ("a.jpg", "b.JPEG", "c.webp", "d.gif", "e.tif", "f.TIFF"):
        save(tmp_path / name, pixels_of(16, 16))
    names = ["a.jpg", "b.JPEG", "c.webp", "d.gif", "e.tif", "f.TIFF"]
    ended = evoarray("filter", "circuit.json", *names, "-o", "out", "--convert")
    assert (ended.status, ended.err) == (0, "")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"a.png", "b.png", "c.png", "d.tif", "e.tif", "f.TIFF"}
    for name, source in (("a.png", "a.jpg"), ("d.tif", "d.gif"), ("f.TIFF", "f.TIFF")):
        expected = filtered(circuit, read_image(tmp_path / source, convert=True))
        assert read_image(tmp_path / "out" / name).tolist() == expected.tolist()


def test_one_image_into_a_folder(evoarray: Evoarray, tmp_path: Path, circuit: Circuit) -> None:
    del circuit
    write_image(tmp_path / "a.png", pixels_of(6, 6))
    (tmp_path / "out").mkdir()
    assert evoarray("filter", "circuit.json", "a.png", "-o", "out").status == 0
    assert (tmp_path / "out" / "a.png").is_file()


@pytest.mark.usefixtures("circuit", "photos")
def test_a_bad_file_in_the_middle(evoarray: Evoarray, tmp_path: Path) -> None:
    (tmp_path / "photos" / "frame-10.png").write_bytes(b"no image")
    save(tmp_path / "photos" / "c.bmp", pixels_of(6, 6, 3))
    ended = evoarray("filter", "circuit.json", "photos", "-o", "out")
    assert ended.status == 2
    colour, damaged, last = ended.err.splitlines()
    assert colour.startswith("evoarray: 'photos/c.bmp' is a colour image; give")
    assert damaged.startswith("evoarray: 'photos/frame-10.png' is not a PNG, ")
    assert last == "evoarray: 2 of 6 images could not be read or written; the others are in out"
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"B.PNG", "d.pgm", "frame-1.png", "frame-2.png"}
    bad = ("photos/c.bmp", "photos/frame-10.png")
    ended = evoarray("filter", "circuit.json", *bad, "-o", "none")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.endswith("evoarray: 2 of 2 images could not be read or written\n")


@pytest.mark.usefixtures("circuit", "photos")
def test_what_would_lose_an_image_is_refused_before_anything_is_written(
    evoarray: Evoarray, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    write_image(tmp_path / "other" / "b.png", pixels_of(4, 4))
    save(tmp_path / "other" / "c.jpg", pixels_of(8, 8))
    write_image(tmp_path / "other" / "c.png", pixels_of(8, 8))
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("photos")
    before = set(tmp_path.rglob("*"))
    command = ("filter", "circuit.json")
    for arguments, says in (
        (("photos", "-o", "photos"), "'photos/B.PNG' would overwrite an image that is read; name"),
        (("photos", "-o", "link"), "'link/B.PNG' would overwrite an image that is read"),
        (("photos/c.bmp", "-o", "photos"), "'photos/c.bmp' would overwrite an image that is read"),
        (
            ("photos", "other/b.png", "-o", "out"),
            "'photos/B.PNG' and 'other/b.png' would both become",
        ),
        (("other", "-o", "out"), "'other/c.jpg' and 'other/c.png' would both become 'out/c.png'"),
        (("photos/c.bmp", "photos/c.bmp", "-o", "out"), "would both become"),
        (("empty", "-o", "out"), "the folder 'empty' has no images, which end in .bmp, .gif, "),
        (("photos/c.bmp", "photos/d.pgm", "-o", "out.png"), "'out.png' is named as one image"),
        (("photos", "-o", "out.png"), "'photos' is not a file; give an image file"),
        (("photos", "-o", "circuit.json"), "circuit.json is read, and would be overwritten"),
        (("-o", "out"), "Missing argument 'IMAGE...'"),
    ):
        refused(evoarray(*command, *arguments), says.replace("(", r"\("))
        assert set(tmp_path.rglob("*")) == before


# --- frames


@pytest.mark.parametrize("name", ["frames.tif", "frames.gif", "frames.webp"])
def test_all_frames_are_filtered(
    evoarray: Evoarray, tmp_path: Path, circuit: Circuit, name: str
) -> None:
    frames = [pixels_of(9, 8, seed=n) for n in range(4)]
    first, *others = map(Image.fromarray, frames)
    options: dict[str, Any] = {"lossless": True} if name.endswith("webp") else {}
    first.save(tmp_path / name, save_all=True, append_images=others, **options)
    ended = evoarray("filter", "circuit.json", name, "-o", "out.tif")
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    found = [frame.tolist() for frame in read_frames(tmp_path / "out.tif")]
    assert found == [filtered(circuit, frame).tolist() for frame in frames]
    refused(
        evoarray("filter", "circuit.json", name, "-o", "out.png"),
        "cannot write several frames to 'out.png': end its name in .tif",
    )
    assert evoarray("noise", name, "-o", "noisy.tif").status == 0
    assert len(list(read_frames(tmp_path / "noisy.tif"))) == 4
    says = f"'{name}' has 4 frames; give an image of a single one"
    refused(evoarray("evaluate", "circuit.json", name, name), says)


def test_frames_are_written_as_they_come(tmp_path: Path) -> None:
    frames = [pixels_of(5, 6, 3, seed=n) for n in range(3)]
    write_frames(tmp_path / "out.tif", (frame for frame in frames))
    found = list(read_frames(tmp_path / "out.tif", channels=True))
    assert [frame.tolist() for frame in found] == [frame.tolist() for frame in frames]
    with pytest.raises(InputError, match="end its name in"):
        write_frames(tmp_path / "out.gif", iter(frames))
