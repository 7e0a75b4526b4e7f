"""What of the system a command may read: compilers, libraries, and the description of the processor."""

from __future__ import annotations

from pathlib import Path

FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
FILES = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
PROCESSOR = "/sys/devices/system/cpu"
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/random")
PROC_FILES = ("/proc/cpuinfo", "/proc/meminfo")


def existing(paths: tuple[str, ...]) -> list[str]:
    return [path for path in paths if Path(path).exists()]
