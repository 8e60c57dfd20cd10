"""`xbench run --layers`: layer sizes of the user's own. No worker is started."""

from __future__ import annotations

import pytest

from xbench.cli.measuring import selection_of
from xbench.cli.parser import make_parser
from xbench.errors import UsageError
from xbench.plan.build import Row, build_rows


def rows(*options: str) -> list[Row]:
    """Those of `xbench run` with these options, on NumPy."""
    given = make_parser().parse_args(["run", "--backend", "numpy", *options])
    return build_rows(selection_of(given), ("cpu",), 4)


def test_a_network_has_the_sizes_that_were_given() -> None:
    (row,) = rows("--op", "mlp_train", "--layers", "784,4096,10", "--batch", "256")
    assert row.cell.key.params == {
        "n": 256,
        "d": 784,
        "h": 4096,
        "o": 10,
        "optimizer": "adam",
        "loss": "mse",
        "bias": 1,
    }
    assert (row.cell.width, row.cell.family) == (4096, "mlp_train 256×784→w→10")


def test_a_product_takes_two_sizes_and_64_samples_unless_told() -> None:
    (row,) = rows("--op", "matmul", "--layers", "784,4096")
    assert row.cell.key.params == {"m": 64, "k": 784, "n": 4096}
    assert row.cell.width == 4096


def test_without_an_op_those_of_the_preset_that_take_so_many_sizes_are_measured() -> None:
    ops = [row.cell.key.op for row in rows("--layers", "784,64,10")]
    assert ops == ["mlp_forward", "mlp_train"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--layers 784,512,512,10", "2 hidden layers, and the networks here have one"),
        ("--op matmul --layers 1,2,3", "no op of the selection takes 3 sizes"),
        ("--op elementwise --layers 3", "takes 1 size,"),
        ("--layers 3,4,5 --width 4", "--width is given beside --layers"),
        ("--layers 3,4,5 --suite mlp", "--suite is given beside --layers"),
        ("--layers 3,x,5", "--layers is '3,x,5'"),
        ("--layers 3,0,5", "--layers is '3,0,5'"),
        ("--layers 3,4,5 --batch 0", "--batch is 0"),
        ("--batch 3", "--batch is given without --layers"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_the_next_step(options: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        rows(*options.split())
    assert caught.value.hint
