"""Arguments and results as trees: arrays to be placed, values that stay as they are, containers.

Dictionaries, lists, tuples, named tuples and dataclasses are containers. No framework is imported
to tell what a value is: whoever has an array of one has imported it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from xbench.contracts import Tensors
from xbench.racing.sending import pickled

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

NUMBERS = "biufc"
"""Kinds of NumPy's dtypes that are numbers."""

KINDS = {
    "torch": ("torch", "Tensor"),
    "jax": ("jax", "Array"),
    "tensorflow": ("tensorflow", "Tensor"),
    "tensorflow variable": ("tensorflow", "Variable"),
    "cupy": ("cupy", "ndarray"),
}


def kind_of(value: object) -> str:
    """The framework whose array it is: numpy, torch, jax, tensorflow or cupy; "" if it is none."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return "numpy"
    for kind, (module, name) in KINDS.items():
        found = getattr(sys.modules.get(module), name, None)
        if found is not None and isinstance(value, found):
            return kind.partition(" ")[0]
    return ""


def host_array(value: Any) -> Array | None:
    """An array's values as NumPy has them; None for what is no array of numbers. bfloat16, which
    NumPy lacks, comes as float32."""
    import numpy as np

    kind = kind_of(value)
    if kind == "torch":
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
    elif kind == "cupy":
        value = value.get()
    found = np.asarray(value) if kind else None
    if found is not None and found.dtype.name == "bfloat16":
        return found.astype("float32")
    return found if found is not None and found.dtype.kind in NUMBERS else None


# Arguments.


@dataclass(frozen=True, slots=True)
class Leaf:
    """An array, by the name of its tensor."""

    name: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that each call gets as it is; there is no array in it."""

    value: Any


@dataclass(frozen=True, slots=True)
class Branch:
    """A container: `make` makes it anew of its parts."""

    make: Callable[[list[Any]], Any]
    parts: tuple[Tree, ...]


Tree = Leaf | Fixed | Branch


@dataclass(frozen=True, slots=True)
class _Made:
    """Makes a container of a type: by position, or of names and values."""

    type: Any
    names: tuple[Any, ...] = ()
    how: str = "list"

    def __call__(self, parts: list[Any]) -> Any:
        if self.how == "dict":
            return self.type(zip(self.names, parts, strict=True))
        if self.how == "names":
            return self.type(**dict(zip(self.names, parts, strict=True)))
        return self.type(parts)


def _opened(value: Any) -> tuple[_Made, list[tuple[str, Any]]] | None:
    """How a container is made, and its parts by name; None for what is none."""
    kind = type(value)
    if isinstance(value, Mapping) and hasattr(value, "items"):
        names = tuple(value)
        how = _Made(kind if issubclass(kind, dict) else dict, names, "dict")
        return how, [(str(name), value[name]) for name in names]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        names = value._fields
        return _Made(kind, names, "names"), list(zip(names, value, strict=True))
    if kind in (tuple, list):
        return _Made(kind), [(str(place), each) for place, each in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        names = tuple(each.name for each in fields(value) if each.init)
        return _Made(kind, names, "names"), [(name, getattr(value, name)) for name in names]
    return None


def take_apart(value: Any, name: str, arrays: Tensors) -> Tree:
    """The tree of one argument. Its arrays, as they are, are added to `arrays` by name: `a0` where
    the argument is one, `a0.weight` of what is inside a container."""
    if (host := host_array(value)) is not None:
        if host.size == 0:
            return Fixed(value)
        arrays[name] = value
        return Leaf(name)
    opened = _opened(value)
    if opened is None:
        return Fixed(value)
    make, inside = opened
    mine: Tensors = {}
    parts = tuple(take_apart(each, f"{name}.{key}", mine) for key, each in inside)
    if not mine:
        return Fixed(value)
    arrays.update(mine)
    return Branch(make, parts)


def put_together(tree: Tree, tensors: Mapping[str, Any]) -> Any:
    """The argument again, with these tensors for its arrays."""
    match tree:
        case Leaf(name):
            return tensors[name]
        case Fixed(value):
            return value
        case Branch(make, parts):
            return make([put_together(each, tensors) for each in parts])


# Results.


def results(value: Any) -> Tensors:
    """What a call returned, by name: `y` if it is one thing, `y.0` and so on of a container. `None`
    in a container is left out."""
    if _opened(value) is None:
        return {"y": value}
    return dict(_inside(value, "y"))


def _inside(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    opened = None if kind_of(value) else _opened(value)
    if opened is None:
        if value is not None:
            yield name, value
        return
    for key, each in opened[1]:
        yield from _inside(each, f"{name}.{key}")


def dtype_name(value: Any) -> str:
    """`float32`; of a number of Python's `float`, `int`, `bool` or `complex`, which have no width;
    else the name of the value's type."""
    if type(value) in (float, int, bool, complex, str):
        return type(value).__name__
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return type(value).__name__
    name = getattr(dtype, "name", None) or str(dtype)
    return str(name).removeprefix("torch.")


def result_array(value: Any) -> Array:
    """A result as numbers that can be compared: complex ones as pairs, a data frame as its values,
    what holds no numbers as the bytes of a hash."""
    import numpy as np

    found = host_array(value)
    if found is None:
        tried: Any = value.to_numpy() if hasattr(value, "to_numpy") else None
        if tried is None and isinstance(value, float | int | complex | np.generic):
            tried = np.asarray(value)
        found = np.asarray(tried) if tried is not None else None
    if found is None or found.dtype.kind not in NUMBERS:
        return _hashed(value)
    if found.dtype.kind == "c":
        return np.stack([found.real, found.imag], axis=-1)
    return found


def _hashed(value: Any) -> Array:
    import hashlib

    import numpy as np

    data = pickled("a result", value)
    return np.frombuffer(hashlib.sha256(data).digest(), "uint8")
