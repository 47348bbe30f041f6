"""Folders of images: one row an image, pixels in [0, 1]."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from headwater.errors import InputError, MissingExtra
from headwater.samples.reading import Handling, gather, read_reference

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def folder(tmp_path):
    def made(name="diffusion-2", images=(), suffix="png"):
        path = tmp_path / name
        path.mkdir()
        for at, image in enumerate(images):
            (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(
                path / f"{at:03d}.{suffix}"
            )
        return str(path)

    return made


GREY = np.arange(2 * 3 * 4, dtype="u1").reshape(4, 2, 3) * 10


def test_images_are_rows_of_pixels(folder):
    """Grey ones by rows; the folder's name tells model and generation; other files are passed over."""
    path = folder(images=GREY)
    with open(f"{path}/readme.txt", "w") as file:
        file.write("u")
    gathered = gather(path + "/")
    sample = gathered["diffusion", 2].sample
    assert sorted(sample.rows.tolist()) == (GREY.reshape(4, 6) / 255).tolist()
    assert sample.names[0] == "pixel0"


def test_colour_and_sixteen_bits_are_brought_to_one_scale(folder):
    """Three numbers a pixel; palettes are colours; sixteen bits of grey keep their shade."""
    colour = np.random.default_rng(0).integers(0, 256, (2, 2, 3, 3), dtype="u1")
    assert sorted(read_reference(folder("c1", colour)).sample.rows.tolist()) == sorted(
        (colour.reshape(2, 18) / 255).tolist()
    )
    deep = np.array([[0, 257 * 100], [257 * 255, 257 * 7]], "u2")
    rows = read_reference(folder("d1", [deep])).sample.rows
    assert rows[0] * 255 == pytest.approx([0, 100, 255, 7], abs=1)
    palette = Image.fromarray(colour[0]).convert("P")
    assert read_reference(folder("p1", [palette])).sample.dimensions == 18


def test_images_of_other_sizes_are_refused_unless_resized(folder):
    """Names the file, and how to bring all to one size."""
    path = folder(images=[GREY[0], np.zeros((3, 3), "u1")])
    with pytest.raises(InputError, match=r"3 x 3 grey pixels, where .* has 3 x 2") as raised:
        gather(path)
    assert raised.value.path.endswith("001.png") and "--size" in raised.value.remedy
    assert gather(path, handling=Handling(size=(2, 2)))["diffusion", 2].sample.dimensions == 4
    mixed = folder("m1", [GREY[0], np.zeros((2, 3, 3), "u1")])
    with pytest.raises(InputError, match="rgb pixels, where"):
        gather(mixed)
    assert gather(mixed, handling=Handling(mode="rgb"))["m", 1].sample.dimensions == 18


def test_an_image_that_cannot_be_read_is_refused_or_counted(folder):
    path = folder(images=GREY)
    with open(f"{path}/001.png", "r+b") as file:
        file.truncate(40)
    with pytest.raises(InputError, match="this image cannot be read") as raised:
        gather(path)
    assert raised.value.path.endswith("001.png")
    summary = gather(path, handling=Handling(bad="omit"))["diffusion", 2]
    assert summary.count == 3 and summary.omitted == {"an image that cannot be read": 1}


def test_large_images_are_refused(folder):
    path = folder(images=[np.zeros((100, 100), "u1")])
    with pytest.raises(InputError, match="10,000 features"):
        gather(path)
    assert gather(path, handling=Handling(size=(8, 8)))["diffusion", 2].sample.dimensions == 64


def test_without_pillow_it_is_said_how_to_install_it(folder, monkeypatch):
    path = folder(images=GREY)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match=r"pip install 'headwater\[images\]'"):
        gather(path)


def test_a_pipe_among_images_is_refused_or_counted(folder):
    """And not waited for."""
    path = folder(images=GREY)
    os.mkfifo(f"{path}/pipe.png")
    with pytest.raises(InputError, match="it is a pipe, not a file"):
        gather(path)
    left = gather(path, handling=Handling(bad="omit"))["diffusion", 2]
    assert (left.count, sum(left.omitted.values())) == (4, 1)
