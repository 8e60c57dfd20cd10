"""The processor's name, from texts as kernels write them, and what stands in for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.stored_runs import name, write_stored
from xbench import cli
from xbench.machine import processor
from xbench.machine.machine import Machine
from xbench.machine.processor import details_of, name_of, own_identity, read_cores

GRAVITON = """processor\t: {n}
BogoMIPS\t: 243.75
Features\t: fp asimd evtstrm aes
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1
"""
XEON = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 143
model name\t: Intel(R) Xeon(R) Processor
stepping\t: 8
"""
RISCV = "processor\t: 0\nhart\t\t: 1\nmvendorid\t: 0x489\nmarchid\t\t: 0x1\nmimpid\t\t: 0x2\n"
JETSON = "processor\t: 0\nmodel name\t: ARMv8 Processor rev 0 (v8l)\n" + GRAVITON.partition("\n")[2]
POWER = "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 3800MHz\n"
NOTHING = "processor\t: 0\nBogoMIPS\t: 48.00\n"


def named(*texts: str) -> str:
    return name_of(list(read_cores("\n\n".join(texts))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (XEON, "Intel(R) Xeon(R) Processor"),
        (GRAVITON.format(n=0), "Arm part 0xd0c variant 0x3 revision 1"),
        (POWER, "POWER9, altivec supported"),
        (RISCV, "RISC-V mvendorid 0x489 marchid 0x1 mimpid 0x2"),
        (JETSON, "Arm part 0xd0c variant 0x3 revision 1"),
        (RISCV.replace("0x489", "0x0").replace("0x1", "0x0").replace("0x2", "0x0"), ""),
        (XEON.replace("Intel(R) Xeon(R) Processor", "unknown"), ""),
        (NOTHING, ""),
        ("", ""),
    ],
)
def test_each_architecture_says_it_its_own_way(text: str, expected: str) -> None:
    assert named(text) == expected


def test_arm_processors_differ_by_part_variant_and_maker() -> None:
    usual = GRAVITON.format(n=0)
    others = [
        usual.replace("0xd0c", "0xd40"),
        usual.replace("0x3", "0x1"),
        usual.replace("0x41", "0xc0"),
        usual.replace("0x41", "0x99"),
    ]
    assert len({named(usual), *map(named, others)}) == 5
    assert "ARM implementer 0x99" in named(others[-1])


def test_cores_of_two_kinds_are_both_named() -> None:
    little = GRAVITON.format(n=1).replace("0xd0c", "0xd05")
    found = named(GRAVITON.format(n=0), little, GRAVITON.format(n=2))
    assert found.split(" + ") == [named(GRAVITON.format(n=0)), named(little)]


def test_generations_that_a_hypervisor_gives_one_name_are_told_apart() -> None:
    older = XEON.replace("143", "106")
    assert details_of(list(read_cores(XEON))) == "GenuineIntel 6/143/8"
    keys = {
        Machine(named(each), 2, 1 << 34, (), details_of(list(read_cores(each)))).key
        for each in (XEON, older)
    }
    assert len(keys) == 2


def test_two_machines_without_a_name_are_not_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keeps an identity in its user's cache."""
    keys = []
    for place in ("one", "other", "one"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
        monkeypatch.setattr(processor, "CPUINFO", tmp_path / "nothing")
        found = processor.this_processor()
        assert found.name == ""
        keys.append(Machine("unknown processor", 2, 1 << 34, (), "", found.own_identity).key)
    assert keys[0] == keys[2] != keys[1]


def test_an_identity_that_cannot_be_kept_is_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert own_identity() != own_identity()


def test_compare_says_why_an_unnamed_machine_is_compared_with_itself_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = {name(0): [1e-3, 1.01e-3, 1e-3]}
    runs = []
    for key in ("a", "b"):
        machine = {
            "cpu": "unknown processor (aarch64)",
            "cores": 4,
            "ram_bytes": 1 << 33,
            "gpus": [],
            "alone": key * 8,
        }
        runs.append(write_stored(tmp_path / key, times, machine=machine, machine_key=key))
    assert cli.main(["compare", *map(str, runs)]) == 4
    assert "whose processor the system does not name" in capsys.readouterr().out
    assert cli.main(["compare", str(runs[0]), str(runs[0])]) == 0
