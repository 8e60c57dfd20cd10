"""Writing the files of a report, each whole or not at all, and none outside its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xbench.errors import UsageError
from xbench.files import write_whole


def make_folder(out: Path) -> None:
    """Make the folder, if it is not there. Raises: UsageError if that cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise _cannot(out, "it is no folder") from None
    except OSError as error:
        raise _cannot(out, error.strerror) from None


def write_files(out: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files of these plain names to a folder that is there; text as UTF-8.

    A link of such a name is replaced, never followed. Raises: UsageError if a file cannot be
    written; those before it are there then."""
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
        try:
            write_whole(out / name, data)
        except OSError as error:
            raise _cannot(out, f"{name}: {error.strerror}") from None


def _cannot(out: Path, why: str | None) -> UsageError:
    return UsageError(
        f"cannot write the report to {out}: {why}", "name a writable folder with --out"
    )
