# SPDX-License-Identifier: Apache-2.0
"""No image is read as another: every sample of every format, and every way to miss some."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from evoarray.model.channels import luma
from evoarray.model.errors import InputError
from evoarray.model.images import decode_image, read_frames, read_image
from tests.image_files import CHANNELS, bmp, chunk, packed, png
from tests.image_files import tiff as hand_made_tiff

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
PNG_KINDS = [
    *((depth, 0) for depth in (1, 2, 4, 8, 16)),
    *((depth, 3) for depth in (1, 2, 4, 8)),
    *((depth, colour) for colour in (2, 4, 6) for depth in (8, 16)),
]


def read(data: bytes, convert: bool = True) -> list[list[int]]:
    rows: list[list[int]] = decode_image(io.BytesIO(data), Path("picture"), convert).tolist()
    return rows


def refused(data: bytes, convert: bool = True) -> str:
    with pytest.raises(InputError) as caught:
        read(data, convert)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def grey(pixel: Any, most: int) -> int:
    """Return what a pixel becomes, by exact numbers: halves up, and there are none."""
    levels = [(2 * 255 * int(sample) + most) // (2 * most) for sample in pixel]
    if len(levels) < 3:
        return levels[0]
    red, green, blue = levels[:3]
    return (299 * red + 587 * green + 114 * blue + 500) // 1000


def close(read_rows: list[list[int]], pixels: NDArray[Any], most: int) -> None:
    """Check greys; a luma near a half may go either way, as its weights have 16 bits."""
    expected = [[grey(pixel, most) for pixel in row] for row in pixels]
    slack = 1 if pixels.shape[2] >= 3 else 0
    assert np.abs(np.array(read_rows) - expected).max() <= slack
    exact = np.array(read_rows) == expected
    assert exact.mean() > 0.9 or not slack


@st.composite
def pngs(draw: st.DrawFn) -> tuple[bytes, NDArray[np.uint16], int]:
    """Draw a PNG, its samples (or colours) and the value of white."""
    depth, colour = draw(st.sampled_from(PNG_KINDS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (draw(st.integers(3, 9)), draw(st.integers(3, 9)), CHANNELS[colour])
    samples = rng.integers(0, 2**depth, shape, np.uint16)
    most, before, pixels = 2**depth - 1, b"", samples
    if colour == 3:
        palette = rng.integers(0, 256, (2**depth, 3), np.uint8)
        before, pixels, most = chunk(b"PLTE", palette.tobytes()), palette[samples[..., 0]], 255
    filters = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    interlaced = draw(st.booleans())
    data = png(samples, depth, colour, filters=filters, interlaced=interlaced, before=before)
    return data, pixels.astype(np.uint16), most


@settings(deadline=None)
@given(pngs())
def test_every_png(drawn: tuple[bytes, NDArray[np.uint16], int]) -> None:
    data, pixels, most = drawn
    close(read(data), pixels, most)


@pytest.mark.parametrize(("depth", "colour"), PNG_KINDS)
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_png_that_ends_early(depth: int, colour: int, interlaced: bool) -> None:
    """Its data are a whole stream, of fewer rows, or of a row that is not whole."""
    samples = np.full((6, 8, CHANNELS[colour]), 2**depth - 1, np.uint16)
    before = chunk(b"PLTE", bytes(3 * 2**depth)) if colour == 3 else b""
    row = 1 + len(packed(samples[0].ravel(), depth))
    for missing in (1, row, 3 * row):
        data = png(samples, depth, colour, before=before, interlaced=interlaced, missing=missing)
        assert "damaged or cut off" in refused(data)


def test_all_16_bits_of_colour_count() -> None:
    """Greys are the same with and without colour and transparency."""
    levels = np.arange(1 << 16, dtype=np.uint16).reshape(256, 256, 1)
    opaque = np.full_like(levels, 65535)
    expected = ((levels[..., 0].astype(int) + 128) // 257).tolist()
    assert read(png_by_pillow(levels[..., 0])) == expected
    rgb = np.concatenate([levels] * 3, 2)
    for colour, samples in (
        (2, rgb),
        (4, np.concatenate([levels, opaque], 2)),
        (6, np.concatenate([rgb, opaque], 2)),
    ):
        assert read(fast_png(samples, colour)) == expected
    for planar in ("contig", "separate"):
        for order in "<>":
            data = tiff(rgb, photometric="rgb", planarconfig=planar, byteorder=order)
            if planar == "contig":
                assert read(data) == expected
            else:
                assert either(data, expected)
            compressed = {"compression": "zlib", "predictor": True}
            assert read(tiff(rgb, photometric="rgb", byteorder=order, **compressed)) == expected
            assert read(tiff(levels[..., 0], byteorder=order)) == expected


def png_by_pillow(levels: NDArray[np.uint16]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, "PNG")
    return stream.getvalue()


def fast_png(samples: NDArray[np.uint16], colour: int) -> bytes:
    """Return a PNG of 16 bits without filters, made at once."""
    height, width, channels = samples.shape
    rows = samples.astype(">u2").view(np.uint8).reshape(height, width * channels * 2)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], 1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(lines)),
            chunk(b"IEND", b""),
        )
    )


def tiff(samples: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    byteorder = options.pop("byteorder", "<")
    options.setdefault("photometric", "minisblack")
    with tifffile.TiffWriter(stream, byteorder=byteorder) as writer:
        writer.write(samples, **options)
    return stream.getvalue()


def read_or_refused(data: bytes) -> list[list[int]] | None:
    """Return the pixels of a file, or None if it is refused, which takes one sentence."""
    try:
        return read(data)
    except InputError as error:
        message = str(error)
    assert len(message.splitlines()) == 1
    return None


def either(data: bytes, expected: list[list[int]]) -> bool:
    """Return whether a file is refused or read right, where Pillow cannot read every kind."""
    return read_or_refused(data) in (None, expected)


# --- palettes


RAMP = np.arange(12 * 16, dtype=np.uint16).reshape(12, 16)
PALETTES = {
    "black, white": (BLACK, WHITE),
    "white, black": (WHITE, BLACK),
    "one black": (BLACK,),
    "greys from 0": tuple((n, n, n) for n in range(16)),
    "greys, anyhow": tuple((n, n, n) for n in (200, 7, 90, 0, 255)),
}


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("top_down", [False, True])
def test_a_bmp_with_a_palette_of_greys(name: str, bits: int, top_down: bool) -> None:
    """The bits of an index are what the header says, whatever the palette has."""
    palette = PALETTES[name][: 2**bits]
    indices = (RAMP * 7 // 3) % len(palette)
    expected = [[palette[index][0] for index in row] for row in indices]
    assert read(bmp(indices, bits, palette, top_down=top_down), convert=False) == expected


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_bmp_of_os_2(bits: int) -> None:
    for step in (1, 255 // (2**bits - 1)):
        palette = [(step * n, step * n, step * n) for n in range(2**bits)]
        indices = RAMP % 2**bits
        assert read(bmp(indices, bits, palette, old=True), convert=False) == (
            (indices * step).tolist()
        )


def test_a_compressed_bmp_of_two_greys() -> None:
    """Runs of the same index, a line of 4 bytes that ends, and the end of the picture."""
    plain = bmp(np.zeros((3, 4), np.uint16), 8, (BLACK, WHITE))
    lines = b"\x04\x01\0\0" + b"\x03\0\x01\x01\0\0" + b"\x04\0\0\x01"
    data = bytearray(plain[:62] + lines)
    data[30:34], data[34:38] = struct.pack("<I", 1), struct.pack("<I", len(lines))
    expected = [[0] * 4, [0, 0, 0, 255], [255] * 4]
    assert read(bytes(data), convert=False) == expected
    assert "damaged or cut off" in refused(bytes(data[:-6]))


def test_a_palette_that_is_missing() -> None:
    assert "the palette is missing" in refused(png(np.zeros((3, 4, 1), np.uint16), 8, 3))


def test_a_colour_that_no_palette_has() -> None:
    indices = np.full((3, 4), 5, np.uint16)
    for data in (
        bmp(indices, 8, (BLACK, WHITE)),
        bmp(indices, 4, [(n, 0, 0) for n in range(5)]),
        png(indices[..., np.newaxis], 8, 3, before=chunk(b"PLTE", bytes(15))),
    ):
        assert "a pixel has colour 5 of a palette of" in refused(data)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF"])
def test_a_palette_of_greys_is_grey(kind: str) -> None:
    made = Image.new("P", (16, 12))
    made.putpalette([(n * 37) % 256 for n in range(256) for _ in "rgb"])
    made.putdata(RAMP.ravel().tolist())
    expected = (RAMP * 37 % 256).tolist()
    assert read(saved(made, kind), convert=False) == expected
    made.putpalette([(n * 37) % 255 for n in range(768)])
    assert "is a palette image" in refused(saved(made, kind), convert=False)


def saved(made: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    made.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("most", [1, 6, 15, 254, 255, 256, 1000, 4095, 65535])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_pgm_or_ppm_of_any_white(most: int, channels: int) -> None:
    """Samples are big endian, of two bytes if white is above 255; none may be above white."""
    samples = np.random.default_rng(3).integers(0, most + 1, (5, 7, channels), np.uint16)
    samples[0, 0] = most
    wide = ">u2" if most > 255 else np.uint8
    head = b"P%d\n7 5 %d\n"
    binary = head % (5 if channels == 1 else 6, most) + samples.astype(wide).tobytes()
    numbers = " ".join(map(str, samples.ravel().tolist())).encode()
    plain = head % (2 if channels == 1 else 3, most) + numbers
    close(read(binary), samples, most)
    close(read(plain), samples, most)
    assert "damaged or cut off" in refused(binary[:-1])
    if most not in {255, 65535}:
        beyond = head % (5 if channels == 1 else 6, most)
        beyond += np.full_like(samples, most + 1).astype(wide).tobytes()
        assert f"a sample is {most + 1}, and white is {most}" in refused(beyond)
    beyond = plain[: -len(numbers)] + b" ".join([b"%d" % (most + 1)] * samples.size)
    assert "damaged or cut off" in refused(beyond)


def test_a_bmp_of_16_bits() -> None:
    """Five bits each for red, green and blue, or six for green; all are scaled and rounded."""
    levels = np.arange(32, dtype=np.uint16).reshape(4, 8)
    five = np.array([(510 * level + 31) // 62 for level in range(32)], np.uint16)[levels]
    six = np.array([(510 * level + 63) // 126 for level in range(64)], np.uint16)[2 * levels]
    for words, masks, green in (
        ((levels << 10) + (levels << 5) + levels, (0x7C00, 0x3E0, 0x1F), five),
        ((levels << 11) + (levels << 6) + levels, (0xF800, 0x7E0, 0x1F), six),
    ):
        pixels = words[::-1].astype("<u2").tobytes()
        info = struct.pack("<IiiHHIIiiII", 40, 8, 4, 1, 16, 3, len(pixels), 0, 0, 0, 0)
        info += struct.pack("<III", *masks)
        data = struct.pack("<2sIHHI", b"BM", 66 + len(pixels), 0, 0, 66) + info + pixels
        colours = np.dstack([five, green, five]).astype(np.uint8)
        assert read(data) == luma(colours).tolist()
        assert "is a colour image" in refused(data, convert=False)


# --- what a file has beside its pixels


GREYS = np.random.default_rng(4).integers(0, 256, (6, 8, 1), np.uint8).astype(np.uint16)


def comment(kind: bytes, data: bytes, checksum: int = 0) -> bytes:
    made = chunk(kind, data)
    return made[:-4] + bytes(byte ^ checksum for byte in made[-4:])


COMMENTS = {
    "a text with a wrong checksum": comment(b"tEXt", b"Title\0words", 1),
    "a large text": comment(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(5_000_000))),
    "a text that is none": comment(b"zTXt", b"Comment\0\0no text"),
    "a wrong profile": comment(b"iCCP", b"profile\0\0nothing"),
    "a resolution of too few bytes": comment(b"pHYs", b"\0"),
    "a chunk of somebody's own": comment(b"juNk", b"\xff" * 9, 7),
    "a broken orientation": comment(b"eXIf", b"no TIFF"),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_what_is_no_pixel_of_a_png_cannot_spoil_it(name: str) -> None:
    whole = png(GREYS, 8, 0, before=COMMENTS[name])
    assert read(whole, convert=False) == GREYS[..., 0].tolist()
    behind = png(GREYS, 8, 0)
    assert read(behind[:-12] + COMMENTS[name] + behind[-12:], convert=False) == (
        GREYS[..., 0].tolist()
    )


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"tRNS", b"PLTE"])
def test_a_wrong_checksum_of_what_counts(kind: bytes) -> None:
    data = png(
        GREYS % 4, 8, 3, before=chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\xff\x7f")
    )
    end = data.index(kind) + 4 + int.from_bytes(data[data.index(kind) - 4 :][:4], "big")
    wrong = data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]
    assert f"the checksum of '{kind.decode()}' is wrong" in refused(wrong)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_up_is_where_exif_says(kind: str, orientation: int) -> None:
    """The reference is what Pillow's own function for it makes of the picture."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    made = Image.fromarray((GREYS[..., 0] // 8 * 8).astype(np.uint8))
    data = saved(made, kind, exif=exif, **options)
    with Image.open(io.BytesIO(data)) as picture:
        upright = ImageOps.exif_transpose(picture).convert("L")
    assert upright.size == ((8, 6) if orientation < 5 else (6, 8))
    assert read(data) == np.asarray(upright).tolist()


# --- cut files


def sequences() -> dict[str, bytes]:
    """Return a file of every format, with noise that does not compress."""
    rng = np.random.default_rng(9)
    greys = Image.fromarray(rng.integers(0, 256, (24, 20), np.uint8))
    colours = Image.fromarray(rng.integers(0, 256, (24, 20, 3), np.uint8))
    return {
        **{kind: saved(greys, kind) for kind in ("PNG", "PPM", "BMP", "JPEG", "GIF", "TIFF")},
        "progressive JPEG": saved(colours, "JPEG", progressive=True),
        "colour PNG": saved(colours, "PNG"),
        "16-bit PNG": png(rng.integers(0, 1 << 16, (9, 7, 3), np.uint16), 16, 2),
        "WebP": saved(colours, "WEBP"),
        "lossless WebP": saved(colours, "WEBP", lossless=True),
        **{
            f"TIFF, {way}": saved(colours, "TIFF", compression=way)
            for way in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
        },
        "16-bit TIFF": tiff(rng.integers(0, 1 << 16, (9, 7), np.uint16), rowsperstrip=2),
        "plain PGM": b"P2\n4 3\n15\n" + b"1 2 3 4\n" * 3,
    }


SEQUENCES = sequences()


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_file_cut_anywhere_is_refused_or_has_all_its_pixels(name: str) -> None:
    whole = SEQUENCES[name]
    expected = read(whole)
    lengths = sorted({*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1})
    found = [read_or_refused(whole[:length]) for length in lengths]
    assert all(rows in (None, expected) for rows in found)
    assert found.count(None) > 30 or name == "plain PGM"
    assert "damaged or cut off" in refused(whole[: len(whole) // 2 + 1])


@pytest.mark.parametrize("way", ["tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_libtiff_says_nothing_of_its_own(capfd: pytest.CaptureFixture[str], way: str) -> None:
    whole = SEQUENCES[f"TIFF, {way}"]
    for place in range(8, 600, 3):
        read_or_refused(whole[:place] + b"\xa5" + whole[place + 1 :])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("quality", [30, 75, 100])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"optimize": True},
        {"progressive": True},
        {"restart_marker_rows": 1},
        {"restart_marker_blocks": 3},
    ],
    ids=lambda options: " ".join(options) or "plain",
)
def test_a_jpeg_that_lacks_data_and_ends_properly(quality: int, options: dict[str, Any]) -> None:
    """Decoders make grey of what is missing, of which Pillow says nothing."""
    y, x = np.indices((72, 56))
    waves = 127 + 60 * np.sin(x / 5) + 60 * np.cos(y / 3 + x / 9)
    for made in (waves, np.dstack([waves, np.roll(waves, 9, 0), 255 - waves])):
        picture = Image.fromarray(made.astype(np.uint8))
        data = saved(picture, "JPEG", quality=quality, **options)
        with Image.open(io.BytesIO(data)) as opened:
            assert read(data) == np.asarray(opened.convert("L")).tolist()
        start, end = data.rindex(b"\xff\xda") + 20, len(data) - 2
        cuts = range(start, end - 8, max(1, (end - start) // 20))
        found = [read_or_refused(data[:cut] + data[end:]) for cut in cuts]
        assert found.count(None) >= 0.9 * len(cuts) > 10  # by chance the padding may go on alike


def test_a_gif_whose_data_end_early() -> None:
    """Its code of the end comes after 5 of 6 rows."""
    rows = Image.new("L", (6, 5), 77)
    data = bytearray(saved(rows, "GIF"))
    place = data.index(b"\x2c") + 7
    assert data[8:10] == data[place : place + 2] == b"\x05\0"
    data[8] = data[place] = 6
    assert "damaged or cut off" in refused(bytes(data))


# --- TIFF


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiffs_of_every_kind(order: str) -> None:
    """White may be 0, samples may have 12 bits, rows may be in tiles."""
    rng = np.random.default_rng(2)
    eight = rng.integers(0, 256, (40, 36), np.uint8)
    deep = rng.integers(0, 1 << 16, (40, 36), np.uint16)
    for options in ({}, {"tile": (16, 16)}, {"compression": "zlib"}, {"rowsperstrip": 7}):
        made = {**options, "byteorder": order}
        assert read(tiff(eight, **made), convert=False) == eight.tolist()
        assert read(tiff(deep, **made)) == ((deep.astype(int) + 128) // 257).tolist()
        assert read(tiff(255 - eight, photometric="miniswhite", **made), convert=False) == (
            eight.tolist()
        )
        assert either(
            tiff(65535 - deep, photometric="miniswhite", **made),
            ((deep.astype(int) + 128) // 257).tolist(),
        )


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 12, 16])
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_few_or_many_bits(bits: int, white_is_zero: bool, order: str) -> None:
    most = 2**bits - 1
    samples = np.random.default_rng(2).integers(0, most + 1, (5, 8), np.uint16)
    stored = most - samples if white_is_zero else samples
    if bits == 16:
        data = stored.astype(order + "u2").tobytes()
    else:
        data = b"".join(packed(row, bits) for row in stored)
    expected = [[grey([sample], most) for sample in row] for row in samples]
    made = hand_made_tiff(data, (8, 5), bits, white_is_zero=white_is_zero, order=order)
    assert either(made, expected)
    assert bits > 8 or read(made) == expected


@pytest.mark.parametrize(
    "samples",
    [
        GREYS[..., 0].astype(np.int8),
        GREYS[..., 0].astype(np.int16),
        GREYS[..., 0].astype(np.uint32),
        GREYS[..., 0].astype(np.float32),
        GREYS[..., 0].astype(np.float16),
    ],
    ids=lambda samples: str(samples.dtype),
)
def test_samples_that_are_no_levels(samples: NDArray[Any]) -> None:
    for order in "<>":
        message = refused(tiff(samples, byteorder=order))
        assert "has pixels of a kind that is not read" in message


def test_transparency_that_is_multiplied_already() -> None:
    samples = np.full((6, 8, 4), 1000, np.uint16)
    data = tiff(samples, photometric="rgb", extrasamples=["assocalpha"])
    assert "has pixels of a kind that is not read" in refused(data)


def test_a_smaller_copy_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(GREYS[::2, ::2, 0].astype(np.uint8), subfiletype=1, photometric="minisblack")
        writer.write(GREYS[..., 0].astype(np.uint8), photometric="minisblack")
    assert read_image(path).tolist() == GREYS[..., 0].tolist()


# --- colours


def test_inks_of_a_jpeg_become_colours() -> None:
    """They are stored inverted, as the marker of Adobe says."""
    y, x = np.indices((16, 16))
    inks = np.dstack([x * 8, y * 8, 8 * (x + y) // 2, 0 * x]).astype(np.uint8)
    data = saved(Image.fromarray(inks, "CMYK"), "JPEG", quality=100)
    expected = luma((255 - inks[..., :3]).astype(np.uint8))
    assert np.abs(np.array(read(data)) - expected).max() <= 3


def test_inks_become_colours() -> None:
    colours = np.random.default_rng(3).integers(0, 256, (6, 8, 3), np.uint8)
    inks = np.concatenate([255 - colours, np.zeros((6, 8, 1), np.uint8)], 2)
    data = saved(Image.fromarray(inks, "CMYK"), "TIFF")
    close(read(data), colours, 255)
    assert "is a colour image" in refused(data, convert=False)


def test_transparency_counts_where_there_is_some() -> None:
    """In a palette it may be declared for a colour that no pixel has."""
    for levels, transparent in (((0, 9, 70, 255), 3), (tuple(range(256)), 200)):
        made = Image.new("P", (6, 4))
        made.putpalette([level for level in levels for _ in "rgb"])
        made.putdata([n % 3 for n in range(24)])
        expected = [[levels[(6 * y + x) % 3] for x in range(6)] for y in range(4)]
        for kind in ("GIF", "PNG"):
            data = saved(made, kind, transparency=transparent, optimize=False)
            assert read(data, convert=False) == expected, kind
            data = saved(made, kind, transparency=2, optimize=False)
            assert "is a grey image with transparency" in refused(data, convert=False)
            assert read(data) == expected


def test_webp_and_gif_store_grey_as_colours() -> None:
    grey_picture = Image.fromarray(GREYS[..., 0].astype(np.uint8))
    for data in (saved(grey_picture, "WEBP", lossless=True), saved(grey_picture, "GIF")):
        assert read(data, convert=False) == GREYS[..., 0].tolist()


# --- frames


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG"])
def test_frames_come_in_their_order(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(5)
    frames = [rng.integers(0, 256, (12, 16), np.uint8) for _ in range(4)]
    first, *others = map(Image.fromarray, frames)
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    path = tmp_path / "frames"
    path.write_bytes(saved(first, kind, save_all=True, append_images=others, **options))
    found = list(read_frames(path))
    assert [frame.tolist() for frame in found] == [frame.tolist() for frame in frames]
    assert f"'{path}' has 4 frames; give an image of a single one" in refused_path(path)


def refused_path(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_image(path)
    return str(caught.value)


def test_frames_that_a_file_only_claims() -> None:
    """Numbers of frames and places are from 0; these are two thousand million."""
    control = struct.pack(">IIIIIHHBB", 0, 8, 6, 0, 0, 1, 10, 0, 0)
    before = chunk(b"acTL", struct.pack(">II", 2_000_000_000, 0)) + chunk(b"fcTL", control)
    assert "has 2000000000 frames" in refused(png(GREYS, 8, 0, before=before))


def test_a_camera_s_previews_are_no_frames() -> None:
    grey_picture = Image.fromarray(np.full((16, 16), 90, np.uint8))
    data = saved(grey_picture, "MPO", save_all=True, append_images=[grey_picture.resize((8, 8))])
    assert read(data, convert=False) == [[90] * 16] * 16
