"""A race in the caller's own process, at once: `fresh=False`.

Nothing is started, pinned or checked but that results agree. Calls of the contenders take turns in
an order drawn anew each round; their times share all that this process has, its memory layout and
its libraries' settings, so that no interval can be given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
