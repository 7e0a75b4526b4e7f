"""Landlock by system call: which paths a process may read, run and write from now on."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Mapping
from functools import lru_cache

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
RULE_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8
MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = 1 << 9, 1 << 10, 1 << 11, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE | READ_DIR
BOX = (
    READ
    | WRITE_FILE
    | REMOVE_DIR
    | REMOVE_FILE
    | MAKE_DIR
    | MAKE_REG
    | MAKE_FIFO
    | MAKE_SYM
    | REFER
    | TRUNCATE
)
DEVICE = READ_FILE | WRITE_FILE | TRUNCATE

SCOPE_ABSTRACT_SOCKET, SCOPE_SIGNAL = 1 << 0, 1 << 1

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


@lru_cache(maxsize=1)
def abi() -> int:
    """The kernel's Landlock version; 0 if it has none or it is switched off."""
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, int(version))


def _handled() -> tuple[int, int, int]:
    """Rights on files, rights on TCP ports, scopes: all that this kernel can deny."""
    version = abi()
    files = (1 << 13) - 1
    for right, since in ((REFER, 2), (TRUNCATE, 3), (IOCTL_DEV, 5)):
        if version >= since:
            files |= right
    return files, 3 if version >= 4 else 0, SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL if version >= 6 else 0


def open_ruleset(paths: Mapping[str, list[str]], box: int, box_writable: bool) -> int:
    """A ruleset descriptor: `paths` has lists under "read" and "device"; the box can be read at least.

    Paths that do not exist are left out. Raises OSError.
    """
    files, ports, scopes = _handled()
    version = abi()
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("=QQQ", files, ports, scopes)[:size]
    ruleset = _checked(
        libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)),
        "landlock_create_ruleset",
    )
    os.set_inheritable(ruleset, False)
    _allow(ruleset, box, (BOX if box_writable else READ) & files)
    for kind, rights in (("read", READ), ("device", DEVICE)):
        for path in paths[kind]:
            try:
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                _allow(ruleset, descriptor, rights & files)
            finally:
                os.close(descriptor)
    return ruleset


def _allow(ruleset: int, descriptor: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= OF_A_FILE
    rule = struct.pack("=Qi", rights, descriptor)
    _checked(
        libc.syscall(
            ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(RULE_PATH_BENEATH), rule, ctypes.c_uint32(0)
        ),
        "landlock_add_rule",
    )


def restrict(ruleset: int) -> None:
    """Restrict this process and all that it starts. no_new_privs must be set. Raises OSError."""
    _checked(libc.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)), "landlock_restrict_self")
    os.close(ruleset)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return int(result)
