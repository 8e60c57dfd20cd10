"""The processor's name, as the operating system tells it, and what stands in where it has none.

Two machines are compared if their processors have the same name. A name that is not known must not
be equal to another that is not known: such a machine gets an identity of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from xbench.files import cache_folder

CPUINFO = Path("/proc/cpuinfo")
NOBODY = frozenset({"", "unknown", "unknown processor", "n/a", "none", "generic"})
"""What kernels and hypervisors write where they know no name."""

NAMES = ("model name", "Model Name", "cpu model", "cpu", "uarch")
"""Fields of /proc/cpuinfo that hold a name: x86, LoongArch, MIPS, POWER, RISC-V."""

ARM = ("CPU implementer", "CPU part", "CPU variant", "CPU revision")
RISCV = ("mvendorid", "marchid", "mimpid")
X86 = ("vendor_id", "cpu family", "model", "stepping")
IMPLEMENTERS: Mapping[int, str] = {
    0x41: "Arm",
    0x42: "Broadcom",
    0x43: "Cavium",
    0x46: "Fujitsu",
    0x48: "HiSilicon",
    0x4E: "NVIDIA",
    0x50: "Applied Micro",
    0x51: "Qualcomm",
    0x53: "Samsung",
    0x56: "Marvell",
    0x61: "Apple",
    0x69: "Intel",
    0x6D: "Microsoft",
    0x70: "Phytium",
    0xC0: "Ampere",
}
"""Of ARM processors, by the number in /proc/cpuinfo (MIDR_EL1, Arm Architecture Reference)."""

Fields = Mapping[str, str]
IDENTITY = "machine-id"


@dataclass(frozen=True, slots=True)
class Processor:
    """`name` is empty if nobody tells it. `details` tells apart processors of one name: hypervisors
    give several generations the same. `own_identity`: that of a machine without a name, which is
    then comparable with itself only; empty where there is a name."""

    name: str
    details: str = ""
    own_identity: str = ""


def this_processor() -> Processor:
    """The processor we run on."""
    if sys.platform == "darwin":
        name, details = _sysctl("machdep.cpu.brand_string"), ""
    else:
        cores = list(read_cores(_text(CPUINFO)))
        name, details = name_of(cores), details_of(cores)
    return Processor(name, details, "" if name else own_identity())


def read_cores(cpuinfo: str) -> Iterable[Fields]:
    """The fields of each core in the text of /proc/cpuinfo."""
    for block in cpuinfo.split("\n\n"):
        pairs = (line.partition(":") for line in block.splitlines())
        fields = {name.strip(): value.strip() for name, colon, value in pairs if colon}
        if fields:
            yield fields


def name_of(cores: Iterable[Fields]) -> str:
    """The name, or names joined where cores differ (big and little ones); "" if there is none."""
    found = dict.fromkeys(filter(None, map(_name, cores)))
    return " + ".join(found)


def details_of(cores: Iterable[Fields]) -> str:
    """Family, model and stepping of an x86 processor: `GenuineIntel 6/143/8`; else ""."""
    for fields in cores:
        if all(each in fields for each in X86):
            vendor, *numbers = (fields[each] for each in X86)
            return f"{vendor} {'/'.join(numbers)}"
    return ""


def _name(fields: Fields) -> str:
    """ARM's numbers go first: some of its kernels write `ARMv8 Processor` as a model's name, of
    whatever model."""
    if all(each in fields for each in ARM[:3]):
        maker, part, variant, *revision = (fields.get(each, "") for each in ARM)
        who = IMPLEMENTERS.get(_number(maker), f"ARM implementer {maker}")
        return f"{who} part {part} variant {variant} revision {revision[0] or '?'}"
    for each in NAMES:
        found = fields.get(each, "")
        if found.strip("0123456789 ") and found.strip().lower() not in NOBODY:  # nor a mere number
            return found
    if any(_number(fields.get(each, "")) > 0 for each in RISCV):
        return "RISC-V " + " ".join(f"{each} {fields.get(each, '?')}" for each in RISCV)
    return ""


def own_identity() -> str:
    """An identity that this machine keeps in the user's cache; if it cannot be kept, one that no
    other process ever has."""
    folder, new = cache_folder(), uuid4().hex
    if folder is None:
        return new
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"{IDENTITY}.{new}"
        made.write_text(new)
        try:
            os.link(made, folder / IDENTITY)  # two processes at once: one of them makes it, whole
        finally:
            made.unlink()
    except FileExistsError:
        return _text(folder / IDENTITY).strip() or new
    except OSError:
        return new
    return new


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return -1


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _sysctl(name: str) -> str:
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
