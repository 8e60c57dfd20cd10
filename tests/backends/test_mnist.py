"""Accuracies from a user's MNIST, here from made-up images: a ring for 0, a bar for 1."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xbench.suites.claims import accuracy
from xbench.suites.claims.accuracy import (
    Training,
    accuracies,
    accuracy_judge,
    likely,
    zeros_and_ones,
)
from xbench.suites.claims.claim import Evidence, Missing

Array = np.ndarray[Any, np.dtype[Any]]
EMPTY = Evidence([], [], [], [])
COUNT = 60
QUICK = Training(4, 40, rate=0.01)


def drawn() -> tuple[Array, Array]:
    """Noisy images of 28 x 28 bytes, with digits 0, 1 and 2."""
    chance = np.random.default_rng(5)
    images = chance.integers(0, 30, (COUNT, 28, 28), dtype=np.uint8)
    digits = np.arange(COUNT, dtype=np.uint8) % 3
    images[digits == 0, 8:20, 8:10] = 200
    images[digits == 0, 8:20, 18:20] = 200
    images[digits == 1, 4:24, 13:15] = 200
    return images, digits


def idx(values: Array) -> bytes:
    """A file as MNIST has them."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes((0, 0, 8, values.ndim)) + sizes + values.tobytes()


def write_idx(folder: Path, separator: str = "-", packed: bool = False) -> Path:
    images, digits = drawn()
    for kind, values in (("images", images), ("labels", digits)):
        data, name = idx(values), f"train-{kind}{separator}idx{values.ndim}-ubyte"
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data) if packed else data)
    return folder


def write_png(folder: Path, mode: str = "L") -> Path:
    images, digits = drawn()
    for place, (image, digit) in enumerate(zip(images, digits, strict=True)):
        path = folder / "training" / str(digit) / f"{place:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).convert(mode).save(path)
    return folder


def test_every_form_gives_the_same_images(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("idx", "dot", "packed", "grey", "colour")]
    for folder in folders:
        folder.mkdir()
    write_idx(folders[0])
    write_idx(folders[1], ".")
    write_idx(folders[2], packed=True)
    write_png(folders[3])
    write_png(folders[4], "RGB")
    found = []
    for folder in folders:
        pixels, labels = zeros_and_ones(folder)
        assert (pixels.shape, labels.shape) == ((40, 784), (40, 1))
        assert {pixels.dtype.name, labels.dtype.name} == {"float32"}
        order = np.lexsort(pixels.T)
        found.append((pixels[order], labels[order]))
    for pixels, labels in found[1:]:
        np.testing.assert_allclose(pixels, found[0][0], atol=1e-3)
        np.testing.assert_array_equal(labels, found[0][1])
    assert found[0][0].max() == 200


def test_a_folder_without_mnist_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="holds neither train-images-idx3-ubyte nor training/0"):
        zeros_and_ones(tmp_path)
    write_idx(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"<html>")
    with pytest.raises(Missing, match="no idx file of bytes"):
        zeros_and_ones(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(drawn()[0])[:1000])
    with pytest.raises(Missing, match="cannot be read as MNIST"):
        zeros_and_ones(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(drawn()[0][:, :20]))
    with pytest.raises(Missing, match="not 28×28"):
        zeros_and_ones(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(Missing, match="no train-labels"):
        zeros_and_ones(tmp_path)


def test_a_damaged_image_is_a_reason(tmp_path: Path) -> None:
    (write_png(tmp_path) / "training" / "0" / "000.png").write_bytes(b"nothing")
    with pytest.raises(Missing, match="cannot be read as MNIST"):
        zeros_and_ones(tmp_path)


@pytest.mark.parametrize("training", [QUICK, Training(4, 40, 16, rate=0.01)])
def test_a_net_learns_what_can_be_learnt(tmp_path: Path, training: Training) -> None:
    found = accuracies(write_idx(tmp_path), training)
    assert len(found) == accuracy.SEEDS
    assert min(found) > 0.95


@pytest.mark.parametrize(("printed", "ruling"), [(1.0, "reproduced"), (0.5, "contradicted")])
def test_a_printed_accuracy_is_ruled_on(tmp_path: Path, printed: float, ruling: str) -> None:
    here = replace(EMPTY, mnist=write_idx(tmp_path))
    judged = accuracy_judge(QUICK, printed)(here)
    assert judged.ruling == ruling
    assert "99 % range" in judged.ours


def test_the_range_is_of_one_more_replay() -> None:
    low, high = likely([0.9, 0.91, 0.92, 0.93, 0.94])
    half = 4.6041 * 0.0158114 * 1.2**0.5
    assert [low, high] == pytest.approx([0.92 - half, 0.92 + half], abs=1e-5)
    assert likely([0.9, 1.0, 0.8])[1] == 1.0
    assert likely([0.5] * 5) == (0.5, 0.5)
