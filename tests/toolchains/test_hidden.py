"""Prefetches, and what no kernel needs, within other instructions: found where a source can choose the bytes freely."""

from __future__ import annotations

import pytest
from c_sources import Build, entry

from hayate.records import Technique
from hayate.toolchains import Compiler, object_facts
from hayate.toolchains.instructions import CodeFacts, Piece, read_code


def x86(code: str) -> CodeFacts:
    return read_code("EM_X86_64", [Piece(0x1000, bytes.fromhex(code))])


REFUSED = {  # and where it starts
    "rdtsc": ("48 b8 00 00 0f 31 c3 00 00 00", 4),
    "rdtscp": ("48 b8 0f 01 f9 c3 00 00 00 00", 2),
    "rdpmc": ("b8 00 0f 33 c3", 2),
    "cpuid": ("b8 90 0f a2 c3", 2),
    "clflush": ("b8 0f ae 3f c3", 1),
    "clflush of clflushopt": ("48 b8 66 0f ae 3f c3 00 00 00", 3),
    "clflush, with operands chosen": ("48 8d 84 0f ae 38 00 00", 3),
    "clflush from an index": ("8a 44 0f ae b8 00 00 00 00", 2),  # mov al, [rdi + rcx - 82]; mov eax, 0
    "clwb": ("b8 66 0f ae 37", 1),
    "rdrand": ("b8 0f c7 f0 c3", 1),
    "rdrand, far away": ("e8 0f c7 f0 00", 1),
    "a number stored at a distance: rdtsc": ("c7 05 0f 18 00 00 90 0f 31 c3", 7),
    "rdseed": ("81 c0 0f c7 f8 c3", 2),
    "rdseed of rdpid": ("48 b8 f3 0f c7 f8 c3 00 00 00", 3),
    "ldmxcsr": ("b8 0f ae 17 c3", 1),
    "vldmxcsr": ("48 b8 c5 f8 ae 17 c3 00 00 00", 2),
    "vldmxcsr, long form": ("48 b8 c4 e1 78 ae 17 c3 00 00", 2),
    "wrfsbase": ("48 b8 f3 48 0f ae d0 c3 00 00", 2),
    "cldemote": ("48 b8 0f 1c 07 c3 00 00 00 00", 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_kernel_needs_is_found(name: str) -> None:
    code, at = REFUSED[name]
    facts = x86(code + " 90" * 8)
    said = name.partition(": ")[2] or name.partition(",")[0].split(" ")[0]
    assert f"the bytes at {0x1000 + at:#x}, within another instruction, are {said}, which" in " ".join(
        facts.violations
    )


BY_CHANCE = {
    "rdtsc, from two instructions": "83 e0 0f 31 c9 c3",  # and eax, 15; xor ecx, ecx
    "rdtscp, from two instructions": "83 e0 0f 01 f9 c3",
    "a mask before an xor": "25 ff ff ff 0f 31 c8 c3",
    "bits counted": "25 0f 0f 0f 0f 33 07 c3",
    "rdtsc, a bound": "3d 0f 31 00 00 c3",  # cmp eax, 12559
    "a prefetch, a bound": "3d 0f 18 00 00 3d 0f 0d 00 00 c3",
    "a bound of 64 bits": "48 81 ff 0f 18 00 00 c3",
    "a distance": "48 8d 05 0f 31 00 00 c3",
    "a distance, far away": "48 8d 05 0f 18 5e 00",
    "a prefetch from an index": "0f b7 74 0f 18 0f b7 7c 08 18 c3",  # movzx esi, word [rdi + rcx + 24]
    "a negative number": "81 c0 0f c7 ff ff c3",
    "a distance back": "48 8d 05 0f c7 ff ff",
    "a distance, and a number": "c7 05 0f 18 00 00 0f 31 00 00 c3",  # mov dword [rip + 6159], 12559
    "an offset beside an index": "c5 fb 10 84 0f 18 00 01 00 c3",  # vmovsd xmm0, [rdi + rcx + 65560]
    "a transaction": "48 81 c7 f8 01 00 00 c3",  # add rdi, 504
    "a system call": "b8 0f 05 90 c3",  # the filter decides, whatever way there is to it
    "fences": "0f ae f0 0f ae f8 0f ae e8 c5 f8 ae 5c 24 08 0f ae 5c 24 08",
    "exchanged": "f0 48 0f c7 0f c3",
}


@pytest.mark.parametrize("name", BY_CHANCE)
def test_what_honest_code_has_by_chance_is_let_pass(name: str) -> None:
    facts = x86(BY_CHANCE[name] + " 90" * 8)
    assert facts.violations == ()
    assert facts.hidden_prefetches == 0


PREFETCHES = {
    "prefetcht0": "b8 0f 18 0f c3",
    "prefetchnta": "48 b8 00 00 0f 18 07 c3 00 00",
    "prefetchw": "05 0f 0d 0f c3",
    "prefetcht2 by displacement": "48 8d 87 0f 18 1f c3",
    "with REX": "48 b8 41 0f 18 0f c3 00 00 00",
}


@pytest.mark.parametrize("name", PREFETCHES)
def test_prefetches_in_constants_are_counted(name: str) -> None:
    facts = x86(PREFETCHES[name] + " 90" * 8)
    assert (facts.hidden_prefetches, facts.prefetches, facts.violations) == (1, 0, ())


GADGET = """
static unsigned long state = 1;
static __attribute__((noinline)) unsigned long f(unsigned long x) {{ return x ^ {}ul; }}
"""
JUMP = "state = f(state); if (M < 0) ((void (*)(const double *))((char *)f + state % 2 + 6))(A);"


@pytest.mark.parametrize("permitted", [(), (Technique.SIMD,)], ids=["scalar", "simd"])
def test_a_prefetch_in_a_sources_constant_needs_permission(
    permitted: tuple[Technique, ...], build: Build, compiler: Compiler
) -> None:
    text = entry(JUMP + "C[0] = 1;", GADGET.format("0x1234c30f180f9090"))  # prefetcht0 [rdi]; ret
    made = build(text, compiler, permitted)
    assert made.returncode == 0, made.stderr
    found = object_facts(made.elf, "dgemm", permitted).violations
    assert found == ("prefetch is not permitted, and 1 of it stand in constants",)
    assert object_facts(made.elf, "dgemm", (*permitted, Technique.PREFETCH)).violations == ()


ONE_CORE = tuple(technique for technique in Technique if technique is not Technique.THREADS)
WORDS = {"clflush": "0x1234c33fae0f9090", "rdtsc": "0x1234567890c3310f", "rdrand": "0x12c3f0c70f489090"}


@pytest.mark.parametrize("name", WORDS)
def test_what_no_kernel_needs_is_found_in_a_sources_constant(
    name: str, build: Build, compiler: Compiler
) -> None:
    made = build(entry(JUMP + "C[0] = 1;", GADGET.format(WORDS[name])), compiler, ONE_CORE)
    assert made.returncode == 0, made.stderr
    (said,) = object_facts(made.elf, "dgemm", ONE_CORE).violations
    assert f"are {name}, which no kernel needs" in said


HONEST = """
#include <stdint.h>
typedef double binary(double, double);
static double add(double a, double b) { return a + b; }
static double mul(double a, double b) { return a * b; }
static binary *const table[] = { add, mul, add, mul };
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u; x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    x += 0x9e3779b97f4a7c15u; x = (x & 0x5555555555555555u) + (x >> 1 & 0x5555555555555555u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu; return x * 0x0101010101010101u >> 56;
}
static double turned(int n, double x)
{
    switch (n & 15) { case 0: return x; case 1: return 2 * x; case 2: return x * x; case 3: return -x;
    case 4: return 1 - x; case 5: return x / 3; case 6: return x + n; case 7: return 7; default: return mixed(n); }
}
static double quotients(int n)
{
    unsigned u = n; return u / 3 + u % 7 + u / 10 + u / 1000 + n / 127 + n % 12345 + (long)n * n / 6160 + u % 3344u;
}
"""
CALLS = """
    for (int i = 0; i < M; i++) C[i] = table[mixed(i) & 3](A[i], B[i]) + turned(i, A[i]) + quotients(i);
    for (int i = 0; i < 6160 && i < M; i++) C[i] += i < 3344 ? A[i & 15] : 12560 > M ? 1 : 0;
"""


@pytest.mark.parametrize("arch", ["x86-64-v2", "x86-64-v3", "x86-64-v4"])
def test_tables_hashes_and_quotients_are_let_pass(arch: str, build: Build, compiler: Compiler) -> None:
    made = build(entry(CALLS, HONEST), compiler, (), arch)
    assert made.returncode == 0, made.stderr
    assert object_facts(made.elf, "dgemm", (), arch).violations == ()


CLASSES = """
#include <memory>
struct shape { virtual double of(double x) const = 0; };
struct twice final : shape { double of(double x) const override { return 2 * x; } };
struct square final : shape { double of(double x) const override { return x * x; } };
static const twice first; static const square second;
static const shape *const shapes[] = { &first, &second };
template <class F> static double applied(F f, double x) { return f(x) + f(x + 1); }
"""
USES = "for (int i = 0; i < M; i++) C[i] = shapes[i & 1]->of(A[i]) + applied([&](double x) { return x * M; }, B[i]);"


@pytest.mark.parametrize("arch", ["x86-64-v3", "x86-64-v4"])
def test_virtual_calls_and_lambdas_are_let_pass(arch: str, build: Build, compiler: Compiler) -> None:
    text = entry(USES, CLASSES).replace("restrict ", "__restrict ")
    made = build(text, compiler, (), arch, language="c++")
    assert made.returncode == 0, made.stderr
    assert object_facts(made.elf, "dgemm", (), arch).violations == ()
