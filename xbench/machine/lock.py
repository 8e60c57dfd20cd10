"""One run at a time on a machine: two would disturb each other, and neither would know.

The lock is one on a file that all users of the machine may open (`/tmp/xbench.lock`, or where the
environment variable XBENCH_LOCK says: containers on one machine share it through a folder). The
kernel gives it back when its holder ends, however that happens, so that none is ever stale; what
stands in the file only tells who holds it.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xbench.text import one_line, show_seconds

PLACE = "/tmp/xbench.lock"  # noqa: S108  one place for all users: TMPDIR may be each one's own
LOOK_S, AGAIN_S = 0.25, 60.0
MOST_BYTES = 4096
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds the lock. `pid_namespace`: of its process id, as far as the kernel tells; in
    another one the id means another process."""

    pid: int
    user: str
    since_utc: str
    command: str
    pid_namespace: str

    def __str__(self) -> str:
        return one_line(
            f"process {self.pid} of {self.user}, since {self.since_utc}: {self.command}"
        )


@dataclass(frozen=True, slots=True)
class MachineLease:
    """The leave to measure on this machine, as a process got it. `unlocked`: without the lock, so
    that others may measure at the same time; `waited`: what was seen of the machine before is no
    longer true."""

    unlocked: bool = False
    waited: bool = False


@contextmanager
def one_at_a_time(
    command: Sequence[str], locked: bool, say: Say, beside: str = ", --no-lock measures beside it"
) -> Iterator[MachineLease]:
    """Hold the machine while the block runs, waiting for whoever holds it; `say` tells of that, and
    `beside` how to measure beside it.

    It neither locks nor waits if `locked` is false (`--no-lock`). It also does not wait if the
    holder is one of our parent processes, which waits for us."""
    if not locked:
        others = lock_holder()
        beside = f", beside {others}" if others else ""
        say(f"measuring without the machine's lock{beside}: its figures are marked")
        yield MachineLease(unlocked=True)
        return
    descriptor = _open()
    if descriptor is None:
        say(
            f"cannot open the lock file {_place()}: whether others measure too is not known "
            "(make it writable, or name another one in XBENCH_LOCK)"
        )
        yield MachineLease(unlocked=True)
        return
    try:
        free = _taken(descriptor)
        if free or _wait(descriptor, say, beside):
            _sign(descriptor, command)
        yield MachineLease(waited=not free)
    finally:
        os.close(descriptor)  # which gives the lock back


def lock_holder() -> LockHolder | None:
    """Who holds this machine now, if anybody does."""
    return _held_by(_open())


def _wait(descriptor: int, say: Say, beside: str) -> bool:
    """Returns: true with the lock; false if a process holds it that waits for us."""
    began, told = time.monotonic(), 0
    while not _taken(descriptor):
        found, waited_s = _read(descriptor), time.monotonic() - began
        if (
            found is not None
            and found.pid_namespace == _pid_namespace()
            and found.pid in _ancestors()
        ):
            return False
        if waited_s >= told * AGAIN_S:
            so_far = f", {show_seconds(waited_s)} so far" if told else ""
            holder = found or "the holder is unknown"
            say(
                f"waiting for another run on this machine{so_far}: {holder} "
                f"(Ctrl-C gives up{beside})"
            )
            told += 1
        time.sleep(LOOK_S)
    return True


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _held_by(descriptor: int | None) -> LockHolder | None:
    """Who holds the lock of this file, which is closed then."""
    if descriptor is None:
        return None
    try:
        return None if _taken(descriptor) else _read(descriptor)
    finally:
        os.close(descriptor)


def _place() -> str:
    return os.environ.get("XBENCH_LOCK") or PLACE


def _open() -> int | None:
    """The file, made if it is not there, for everybody; None if that cannot be. A link is not
    followed: others may write to the folder."""
    flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    for more in (os.O_RDWR, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDWR, os.O_RDONLY):
        with suppress(OSError):
            descriptor = os.open(_place(), flags | more, 0o666)
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                if more & os.O_CREAT:
                    os.fchmod(descriptor, 0o666)  # whatever the umask is
                return descriptor
            os.close(descriptor)
    return None


def _sign(descriptor: int, command: Sequence[str]) -> None:
    """Say who holds it. Where another user's file cannot be written, nobody is told."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    mine = LockHolder(os.getpid(), _user(), now, " ".join(command)[:1000], _pid_namespace())
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(mine)).encode(), 0)


def _read(descriptor: int) -> LockHolder | None:
    """What the holder said of itself; None if that is nothing, or nonsense."""
    try:
        found: Any = json.loads(os.pread(descriptor, MOST_BYTES, 0))
        texts = [str(found[name]) for name in ("user", "since_utc", "command", "pid_namespace")]
        return LockHolder(int(found["pid"]), *texts)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return str(os.getuid())


def _pid_namespace() -> str:
    """Which process ids these are: of this boot, and of this container."""
    found = [sys.platform]
    with suppress(OSError):
        found.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with suppress(OSError):
        found.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(found)


def _ancestors() -> set[int]:
    """Ourselves and whoever started us."""
    import psutil

    with suppress(psutil.Error):
        return {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return {os.getpid()}
