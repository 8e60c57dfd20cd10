"""A worker or the oracle as its parent sees it: started, asked, stopped in between, ended.

A watcher process ends them all should the parent be gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

from xbench.errors import StorageFailed, WorkerDied, XbenchError
from xbench.process.channel import Channel
from xbench.process.messages import CloseRequest, Request

R = TypeVar("R")


# Ends workers, and what they started, when the parent is gone.
#
# Linux is asked to end a worker with its parent, but not the compilers that a worker started;
# macOS cannot be asked at all, and a stopped process notices nothing itself. So a small process of
# its own holds the read end of a pipe whose write end only the parent has; at end of file it kills
# the group of every worker still listed.

_SCRIPT = """
import os, signal, sys
alive = set()
for line in sys.stdin:
    (alive.add if line[0] == "+" else alive.discard)(int(line[1:]))
for pid in alive:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class Watcher:
    """A watcher process; `add` and `remove` take the ids of process groups."""

    def __init__(self) -> None:
        read_fd, self._write_fd = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-P", "-c", _SCRIPT],
            stdin=read_fd,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(read_fd)

    def add(self, group: int) -> None:
        """Kill this process group should the parent end."""
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        """This process group has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the watcher; it kills what is still listed."""
        os.close(self._write_fd)
        self._process.wait()

    def _tell(self, line: str) -> None:
        """One write, since several threads may tell. A watcher that somebody ended is done without:
        the kernel still ends the workers themselves, where it can be asked to."""
        with suppress(BrokenPipeError):
            os.write(self._write_fd, line.encode())


ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = ROOT / "xbench" / "process" / "bootstrap.py"
PACKAGES = {"xbench": str(ROOT / "xbench")} | {
    f"xbench.{name}": str(ROOT / "xbench" / name) for name in ("backends", "suites")
}
"""Our packages and their folders, which a worker is given: it need not have xbench installed, and
a side of an A/B may take its adapters and suites from another commit."""
CLOSE_LIMIT_S = 5.0
END_LIMIT_S = 20.0
"""For the kernel to end what was killed, or to stop what was told to. It may not: a thread that
waits for a disk or a driver cannot be interrupted, and nobody may wait for it for ever."""

LOOK_S = 2e-5
LOG_TAIL_BYTES = 2000

GONE = "if its folder is gone, start a new run; else go on with `xbench run --resume`"

_watchers: list[Watcher] = []


class ChildProcess:
    """A worker or the oracle, in a session of its own.

    `stoppable`: stopped (SIGSTOP) whenever it is not answering, so that an idle thread pool cannot
    spin beside another worker's burst. Its stdout and stderr go to `log`. `python` is the
    interpreter (else ours), `packages` where our packages lie (else here)."""

    def __init__(
        self,
        role: str,
        config: Mapping[str, object],
        environment: dict[str, str],
        log: Path,
        stoppable: bool = True,
        python: str = "",
        packages: Mapping[str, str] = PACKAGES,
    ) -> None:
        self.log = log
        self.environment = environment
        self._stoppable = stoppable
        self._answered = False
        self._stopped_at_ns: int | None = None
        self._why = ""
        self._ending = Lock()
        self.idle_cpu_ns = 0
        """CPU time it used while it was stopped, in all; known on Linux."""
        self._log_start = log.stat().st_size if log.exists() else 0
        self._oom_kills = _oom_kills()
        child_reads, parent_writes = os.pipe()
        parent_reads, child_writes = os.pipe()
        settings = {
            **config,
            "role": role,
            "read_fd": child_reads,
            "write_fd": child_writes,
            "parent_pid": os.getpid(),
            "packages": dict(packages),
        }
        self._channel: Channel | None = Channel(parent_reads, parent_writes)
        try:
            with open(log, "ab", opener=_not_a_link) as output:
                self._process = subprocess.Popen(
                    [python or sys.executable, "-P", str(BOOTSTRAP), json.dumps(settings)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment,
                    pass_fds=(child_reads, child_writes),
                    start_new_session=True,
                )
        except OSError as error:  # the log's folder, or no process more is to be had
            self._channel.close()
            raise StorageFailed(f"cannot start a worker: {error}", GONE) from None
        finally:
            os.close(child_reads)
            os.close(child_writes)
        _watcher().add(self.pid)

    @property
    def pid(self) -> int:
        """The process id, which is also its session's and group's."""
        return self._process.pid

    def ask(self, request: Request[R], timeout_s: float) -> R:
        """Ask and wait for the reply. After WorkerDied or WorkerTimeout the process is gone.

        Raises: CellFailed, WorkerDied, WorkerTimeout, StorageFailed."""
        if self._channel is None:
            raise WorkerDied(f"the worker had ended before {request.action!r}{self._why}")
        self._continue()
        try:
            kind: type[R] = request.reply
            reply = self._channel.ask(request.action, timeout_s, request, kind)
            self._answered = True
            return reply
        except WorkerDied as error:
            raise self._how_it_ended(error) from None
        except KeyboardInterrupt:  # its reply would be taken for the next one's
            self.kill()
            raise
        finally:
            # Not before its first answer: only then has it asked to die with its parent.
            if self._stoppable and self._answered and self._channel is not None:
                self._stop()

    def close(self) -> None:
        """Have it release what it took, then end it: tearing a framework down takes seconds."""
        if self._process.returncode is None:
            self._continue()
            self._stoppable = False
            with suppress(XbenchError):
                self.ask(CloseRequest(), CLOSE_LIMIT_S)
        self.kill()

    def kill(self) -> None:
        """End the process and whatever it started. May be called again, and by a thread that finds
        it dead while another ends it."""
        with self._ending:
            if self._channel is None:
                return
            with suppress(ProcessLookupError, PermissionError):  # nothing is left but a zombie
                os.killpg(self.pid, signal.SIGKILL)
            try:
                self._process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._why = f"; killed, process {self.pid} has not ended: the kernel holds it"
            self._channel.close()
            self._channel = None
            _watcher().remove(self.pid)

    def _stop(self) -> None:
        """Stop it, and wait until the last of its threads stands still."""
        self._signal(signal.SIGSTOP)
        if sys.platform != "linux":
            return
        end = time.monotonic() + END_LIMIT_S
        with suppress(ChildProcessError):  # it has ended meanwhile
            while os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG) is None:
                if time.monotonic() > end:
                    self._why = f": its threads did not stand still within {END_LIMIT_S:.0f} s"
                    self.kill()
                    return
                time.sleep(LOOK_S)
        self._stopped_at_ns = cpu_ns(self.pid)

    def _continue(self) -> None:
        if self._stopped_at_ns is not None:
            self.idle_cpu_ns += (cpu_ns(self.pid) or self._stopped_at_ns) - self._stopped_at_ns
            self._stopped_at_ns = None
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._stoppable:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _how_it_ended(self, error: WorkerDied) -> WorkerDied:
        """How the process ended, after making sure that it has."""
        if error.status == "timeout":
            self.kill()
            error.message += self._why
            return error
        try:
            code = self._process.wait(CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        if code is None:
            error.message += "; it answered no more and was killed"
        elif code == -signal.SIGKILL and _oom_kills() > self._oom_kills:
            return WorkerDied(f"{error.message}: the kernel killed it, out of memory", "oom")
        elif code < 0:
            error.message += f": {signal.Signals(-code).name}"
        else:
            error.message += f": exit status {code}"
        return WorkerDied(f"{error.message}{self._log_tail()}", error.status)

    def _log_tail(self) -> str:
        own = self.log.read_bytes()[self._log_start :] if self.log.exists() else b""
        data = own[-LOG_TAIL_BYTES:]
        lines = data.decode(errors="replace").strip().splitlines()
        return f" ({lines[-1].strip()})" if lines else ""


def _not_a_link(path: str, flags: int) -> int:
    """Open a file of the run's; a link in its place is not followed."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def cpu_ns(pid: int) -> int | None:
    """CPU time of all threads of another process; None if it has ended.

    Linux gives every process a clock, whose number is made of its id (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return None


def _watcher() -> Watcher:
    if not _watchers:
        _watchers.append(Watcher())
    return _watchers[0]


def _oom_kills() -> int:
    """How many processes the kernel has killed for lack of memory, as far as it says."""
    total = 0
    for file in (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events")):
        try:
            lines = file.read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return total
