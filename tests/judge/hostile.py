"""Objects that no guard has seen: what an attacker could load who got past it. They run in the sandbox only."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hayate.records import Built, Technique, content_hash
from hayate.toolchains import compilers

HEAD = (
    "void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)"
)
PRODUCT = """
    for (long i = 0; i < M; i++) {
        for (long j = 0; j < N; j++) C[i * N + j] = 0;
        for (long k = 0; k < K; k++)
            for (long j = 0; j < N; j++) C[i * N + j] += A[i * K + k] * B[k * N + j];
    }
"""


def kernel(before: str = "", after: str = "", head: str = "") -> str:
    """An honest product with something around it."""
    return f"#define _GNU_SOURCE\n{head}\n{HEAD}\n{{\n{before}\n{PRODUCT}\n{after}\n}}\n"


# Finds the control page as an attacker would, in every tier: the runner's writable data holds its page-aligned
# address. `page` stays null where it is not found, and what follows then crashes, so that a test can't pass by it.
CONTROL = r"""
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
static volatile uint32_t *page;
static void find(void)
{
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    const char *image = (const char *)headers - headers[0].p_vaddr;
    for (unsigned long i = 0; !page && i < getauxval(AT_PHNUM); i++) {
        if (headers[i].p_type != PT_LOAD || !(headers[i].p_flags & PF_W)) continue;
        const uint64_t *word = (const uint64_t *)(((uint64_t)image + headers[i].p_vaddr + 7) & ~7ULL);
        const uint64_t *end = (const uint64_t *)(image + headers[i].p_vaddr + headers[i].p_memsz);
        for (; !page && word + 1 <= end; word++)
            if (*word && !(*word & 4095) && *word >> 44 == 7) page = (volatile uint32_t *)*word;
    }
}
enum { STATE = 0, TURN = 16, READY = 32, GO = 48, DONE = 64, ERROR = 128 }; /* words */
"""


def raw(source: str, permitted: tuple[Technique, ...] = (), name: str = "hostile") -> Built:
    """Compiled without guard, with everything that the compiler and libc offer."""
    compiler = compilers()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "x.c").write_text(source)
        argv = [str(compiler.path), "-O2", "-march=native", "-fPIC", "-shared", "-w", "-o", "x.so", "x.c"]
        subprocess.run([*argv, "-lm", "-lpthread"], cwd=path, check=True)
        code = (path / "x.so").read_bytes()
    return Built(
        name=name, object_code=code, object_hash=content_hash(code), permitted=permitted, arch="x86-64-v3"
    )
