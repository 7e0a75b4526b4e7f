"""What the kernel would do with a system call under a seccomp filter: an interpreter of its instructions."""

from __future__ import annotations

import struct

import pytest

from hayate.sandbox.syscalls import ARCHITECTURES, TABLE

MACHINES = ["x86_64", "aarch64"]


def decide(filter_: bytes, machine: str, number: int, *arguments: int) -> int:
    """What the kernel would do with the call."""
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<iIQ6Q", number, ARCHITECTURES[machine].audit, 0, *padded)
    instructions = list(struct.iter_unpack("=HBBI", filter_))
    at, value = 0, 0
    while True:
        code, yes, no, constant = instructions[at]
        at += 1
        if code == 0x20:
            value = struct.unpack_from("<I", data, constant)[0]
        elif code == 0x06:
            return int(constant)
        else:
            holds = {0x15: value == constant, 0x25: value > constant, 0x45: bool(value & constant)}[code]
            at += yes if holds else no


def call(filter_: bytes, machine: str, name: str, *arguments: int) -> int:
    number = TABLE[name][ARCHITECTURES[machine].column]
    if number is None:
        pytest.skip(f"{machine} has no {name}")
    return decide(filter_, machine, number, *arguments)
