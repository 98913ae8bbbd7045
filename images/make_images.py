# SPDX-License-Identifier: Apache-2.0
"""Make the bundled photos from the test photos in the scikit-image wheel (see README.md).

Each photo is turned grey with Rec. 601 weights, cropped to a square and reduced by a whole factor,
which is 1 for those of large/: every pixel is the rounded mean of a factor x factor block, in
integers, hence the same everywhere.
"""

from pathlib import Path

import skimage
from PIL import Image

SOURCES = Path(skimage.__file__).parent / "data"
HERE = Path(__file__).parent
SIZE, LARGE = 128, 512

# photo: (source file, left, top, factor)
PHOTOS = {
    "training/camera.png": ("camera.png", 64, 24, 3),
    "training/astronaut.png": ("astronaut.png", 96, 0, 2),
    "training/gravel.png": ("gravel.png", 0, 0, 2),
    "training/retina.png": ("retina.jpg", 60, 330, 6),
    "test/brick.png": ("brick.png", 128, 0, 2),
    "test/chelsea.png": ("chelsea.png", 96, 16, 2),
    "test/coffee.png": ("coffee.png", 120, 0, 3),
    "test/rocket.png": ("rocket.jpg", 170, 43, 3),
    "large/camera.png": ("camera.png", 0, 0, 1),
    "large/gravel.png": ("gravel.png", 0, 0, 1),
    "large/brick.png": ("brick.png", 0, 0, 1),
    "large/grass.png": ("grass.png", 0, 0, 1),
}


def make(photo: str) -> Image.Image:
    """Return the photo `photo` (a key of PHOTOS) as a square 8-bit grey image."""
    source, left, top, factor = PHOTOS[photo]
    side = (LARGE if photo.startswith("large/") else SIZE) * factor
    with Image.open(SOURCES / source) as image:
        return image.convert("L").crop((left, top, left + side, top + side)).reduce(factor)


if __name__ == "__main__":
    for photo in PHOTOS:
        target = HERE / photo
        target.parent.mkdir(exist_ok=True)
        make(photo).save(target, optimize=True)
