"""Decoding: every byte that could run is an instruction that kernels need, and packed arithmetic is counted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from c_sources import ALL, Build, entry

from hayate.records import Language, Technique
from hayate.tasks import builtin, folder, templates
from hayate.toolchains import Compiler, inspect, inspect_preprocessed, object_facts
from hayate.toolchains.instructions import CodeFacts, Piece, read_code

HONEST = Path(__file__).parent.parent / "honest"


def x86(code: str, address: int = 0x1000) -> CodeFacts:
    return read_code("EM_X86_64", [Piece(address, bytes.fromhex(code))])


USUAL = {
    "nothing": "c3",
    "long nop": "66 66 2e 0f 1f 84 00 00 00 00 00",
    "call of thread-local storage": "66 48 8d 3d 00 00 00 00 66 66 48 e8 f0 ff ff ff",
    "thread pointer": "64 48 8b 04 25 00 00 00 00",
    "returns with a hint": "f3 c3",
    "marked for indirect jumps": "f3 0f 1e fa",
    "notrack": "3e ff e0",
    "hint of bounds": "f2 ff 25 00 00 00 00",
    "hints to branches": "2e 75 00 3e 75 00 90",
    "call by a linker": "67 e8 fa ff ff ff",
    "copies": "f3 48 a5",
    "locked": "f0 48 83 04 24 01",
    "counts bits of 16": "66 f3 0f b8 c1",
    "jumps within": "eb 01 90 c3",
    "trap": "0f 0b",
    "scalar": "c5 fb 58 c1 f2 0f 58 c1 f3 0f 59 c1",
    "zeroing": "66 0f ef c0 c5 f9 57 c0",
    "x87": "d9 e8 de c1 d9 6c 24 08",
    "masks": "c5 f8 92 c8",
}


@pytest.mark.parametrize("name", USUAL)
def test_what_compilers_write_passes(name: str) -> None:
    facts = x86(USUAL[name])
    assert facts.violations == ()
    assert facts.packed == 0


REFUSED = {
    "syscall": "0f 05", "sysenter": "0f 34", "int 80": "cd 80", "in": "ec", "out": "e7 01", "insb": "6c",
    "rdtsc": "0f 31", "rdtscp": "0f 01 f9", "rdpmc": "0f 33", "rdpid": "f3 0f c7 f8", "cpuid": "0f a2",
    "clflush": "0f ae 38", "clflushopt": "66 0f ae 38", "clwb": "66 0f ae 30", "cldemote": "0f 1c 00 0f 05",
    "wrpkru": "0f 01 ef", "rdpkru": "0f 01 ee", "wrfsbase": "f3 48 0f ae d0", "wrgsbase": "f3 48 0f ae d8",
    "rdfsbase": "f3 48 0f ae c0", "hlt": "f4", "xbegin": "c7 f8 00 00 00 00", "xend": "0f 01 d5",
    "xabort": "c6 f8 01", "far jump": "48 ff 28", "far call": "48 ff 18", "far return": "cb", "iret": "48 cf",
    "rdrand": "0f c7 f0", "rdseed": "0f c7 f8", "xgetbv": "0f 01 d0", "popf": "9d", "pushf": "9c",
    "ud1": "0f b9 c0", "int1": "f1", "3DNow": "0f 0f c1 9e", "monitor": "0f 01 c8", "mwait": "0f 01 c9",
    "ldmxcsr": "0f ae 10", "vldmxcsr": "c5 f8 ae 10", "frstor": "dd 20", "fninit": "db e3",
    "xsave": "0f ae 20", "fxrstor": "0f ae 08", "enter": "c8 00 00 00", "verr": "0f 00 e0", "smsw": "0f 01 e0",
    "sgdt": "0f 01 00", "swapgs": "0f 01 f8", "vmcall": "0f 01 c1", "invlpg": "0f 01 38", "cli": "fa",
    "elided lock": "f2 f0 83 04 24 01", "mov to ds": "8e d8", "mov of cs": "8c c8", "push fs": "0f a0",
    "mov of cr0": "0f 20 c0",
    "lfs": "0f b4 00", "loop": "e2 fe", "xlat": "d7",
    "64-bit gs": "65 48 8b 04 25 00 00 00 00",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_kernel_needs_is_refused(name: str) -> None:
    assert x86("90 " + REFUSED[name]).violations


PACKED = {
    "SSE": "0f 58 c1", "SSE2": "66 0f 58 c1", "REX": "66 44 0f 58 c1", "REX.W": "66 48 0f 58 c1",
    "memory": "66 0f 59 00", "AVX": "c5 f5 58 c1", "AVX, long form": "c4 e1 75 58 c1", "AVX128": "c5 f1 59 c1",
    "FMA": "c4 e2 f5 b8 c1", "AVX-512": "62 f1 f5 48 58 c1", "masked": "62 f1 f5 c9 58 c1",
    "broadcast": "62 f1 f5 58 58 00", "rounded": "62 f1 f5 18 58 c1", "horizontal": "66 0f 7c c1",
    "alternating": "66 0f d0 c1", "root": "66 0f 51 c1", "reciprocal": "0f 53 c1", "dot": "66 0f 3a 41 c1 ff",
    "minimum": "c5 f5 5d c1", "rounding": "c4 e3 7d 09 c1 00", "scale": "62 f2 f5 48 2c c1",
    "fma, alternating": "c4 e2 f5 96 c1", "fs": "64 66 0f 59 00",
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_packed_arithmetic_is_counted(name: str) -> None:
    facts = x86(PACKED[name])
    assert facts.packed == 1
    assert facts.violations == ()


CONVERSIONS = {  # of unsigned integers of 64 bits, by clang
    "SSE2": "66 0f 62 05 00 20 00 00 66 0f 5c 05 00 20 00 00 66 0f 28 d8 66 0f 15 d8 f2 0f 58 d8",
    "unpcklps": "0f 14 d0 66 0f 5c d1 66 0f 28 da 66 0f 15 da f2 0f 58 da",
    "AVX": "c5 f9 62 c1 c5 f9 5c c2 c4 e3 79 05 d8 01 c5 e3 58 c0",
    "a load between": "c5 f9 62 c1 c5 f9 28 15 00 20 00 00 c5 f9 5c c2 c4 e3 79 05 d8 01 c5 e3 58 c0",
}
NO_CONVERSIONS = {
    "alone": "c5 f9 5c c2 c4 e3 79 05 d8 01 c5 e3 58 c0",
    "no sum": "c5 f9 62 c1 c5 f9 5c c2 c4 e3 79 05 d8 01 c5 f9 29 07",
    "another register": "c5 f9 62 c9 c5 f9 5c c2 c4 e3 79 05 d8 01 c5 e3 58 c0",
    "wider": "c5 fd 62 c1 c5 fd 5c c2 c4 e3 7d 05 d8 05 c5 e3 58 c0",
    "a product": "c5 f9 62 c1 c5 f9 59 c2 c4 e3 79 05 d8 01 c5 e3 58 c0",
    "from memory": "c5 f9 62 c1 c5 f9 5c 07 c4 e3 79 05 d8 01 c5 e3 58 c0",
    "twice": "c5 f9 62 c1 c5 f9 5c c2 c5 f9 5c c2 c4 e3 79 05 d8 01 c5 e3 58 c0",
}


def test_a_conversion_is_no_packed_arithmetic() -> None:
    assert {name: x86(code).packed for name, code in CONVERSIONS.items()} == dict.fromkeys(CONVERSIONS, 0)
    assert not any(x86(code).violations for code in CONVERSIONS.values())
    assert all(x86(code).packed for code in NO_CONVERSIONS.values())


# Each makes some decoder show another instruction than the processor runs, or its text in another form.
PREFIXED = {
    "es": "26 66 0f 58 c1", "cs": "2e 66 0f 58 c1", "ss": "36 66 0f 58 c1", "ds": "3e 66 0f 58 c1",
    "es of AVX": "26 c5 f5 58 c1", "es of AVX-512": "26 62 f1 f5 48 58 c1", "gs": "65 66 0f 58 c1",
    "es within": "66 26 0f 58 c1", "twice": "66 66 0f 58 c1", "repeated": "f3 f3 0f 58 c1",
    "both": "f2 f3 0f 58 c1", "66 and f2": "66 f2 0f 58 c1", "f2 and 66": "f2 66 0f 58 c1",
    "REX in front": "48 66 0f 58 c1", "two REX": "48 48 0f 58 c1", "REX before f2": "44 f2 0f 58 c1",
    "66 of AVX": "66 c5 f5 58 c1", "REX of AVX": "48 c5 f5 58 c1", "lock": "f0 66 0f 58 c1",
    "short address": "67 66 0f 58 00", "f3 of AVX": "f3 c5 f5 58 c1", "es of a store": "26 48 89 07",
    "a nop's prefix": "2e 2e 2e 48 89 07", "fs twice": "64 64 48 8b 00",
}  # fmt: skip


@pytest.mark.parametrize("name", PREFIXED)
def test_prefixes_that_no_compiler_writes_are_refused(name: str) -> None:
    assert x86(PREFIXED[name]).violations


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("06", "no instruction"),
        ("90 0f", "no instruction"),
        ("90 62 f1", "no instruction"),
        ("90 ff ff ff ff", "no instruction"),
        ("c3 d6 d6", "no instruction"),
        ("eb 01 05 66 0f 58 c1", "where no instruction starts"),  # add eax, 0xc1580f66
        ("74 02 48 b8 0f 05 90 90 90 90 90 90", "where no instruction starts"),  # movabs
        ("e8 00 10 00 00", "where no instruction starts"),
        ("eb fd", "where no instruction starts"),
        (
            "48 8d 05 fb ff ff ff c3",
            "takes the address 0x1002, where no instruction starts",
        ),  # lea rax, [rip - 5]
        ("48 8d 05 02 00 00 00 c3 b8 90 90 90 c3", "takes the address 0x1009, where"),
    ],
)
def test_what_is_none_or_is_jumped_into(code: str, said: str) -> None:
    assert any(said in sentence for sentence in x86(code).violations)


def test_instructions_within_constants_are_counted() -> None:
    assert x86("48 b8 c5 f5 58 c1 eb 04 00 00").hidden_packed
    assert x86("81 c0 c5 f5 58 c1").hidden_packed
    assert x86("48 8d 83 c5 f5 58 c1").hidden_packed  # a displacement, negative
    assert x86("81 c0 00 62 f1 f5 48 58 c1").hidden_packed  # its end is the next instruction's start
    assert not x86("48 b8 00 00 00 00 00 00 f0 3f").hidden_packed
    assert not x86("c5 fb 58 05 00 20 00 00").hidden_packed


WITHIN = {
    "mov of four bytes": "b8 c5 fd 58 02 c3",
    "add to eax": "05 c5 fd 58 02",
    "push": "68 c5 fd 58 02",
    "test": "a9 c5 fd 58 c1",
    "sign extended": "48 c7 c0 c5 fd 58 c1",
    "compared": "48 3d c5 fd 58 c1",
    "stored": "c7 07 c5 fd 58 c1",
    "stored far away": "c7 87 00 01 00 00 c5 fd 58 c1",
    "stored, two bytes": "66 c7 07 0f 58 c3",
    "two bytes": "66 b8 0f 58 c3",
    "few digits": "b8 0f 58 00 00 c3",
    "factor": "69 c0 0f 58 c1 00",
    "address": "a1 c5 f5 58 c1 eb 04 00 00",
    "displacement before a byte": "80 87 c5 fd 58 00 01",
    "displacement of 16-bit work": "66 c7 87 c5 fd 58 00 01 00",
    "distance": "48 8d 05 c5 fd 58 00",
    "near, twice": "48 8d 05 0f 58 00 00 48 8d 05 0f 59 00 00",
    "near before a constant": "c7 05 0f 58 00 00 01 00 00 00",
    "prefix within": "b8 90 66 0f 58 c3",
    "prefixes within": "b8 66 0f 7c c1 c3",
    "from ModRM": "81 c5 fd 58 c1 00",  # add ebp, imm32
    "from ModRM of memory": "81 0f 58 c1 00 00",  # or [rdi], imm32
    "from SIB": "48 8d 84 c5 f5 58 c1 00",
    "from a byte of displacement": "c7 47 c5 fd 58 c1 00",
    "runs on": "b8 62 f2 bd 48 ba 47 00 c3 00 c3",
    "runs on from its last byte": "b8 90 90 90 c5 f5 58 c3",
}


@pytest.mark.parametrize("name", WITHIN)
def test_every_place_of_a_constant_is_looked_at(name: str) -> None:
    assert x86(WITHIN[name]).hidden_packed


IN_SOURCES = {
    # mov eax, imm32; ret: from its second byte vmulpd ymm0, ymm0, [rsi] and vaddpd ymm0, ymm0, [rdx].
    "short": """
#define AT(f) ((void (*)(const double *, const double *, double *))((char *)f + one))
#define G(name, word) static __attribute__((noinline)) unsigned name(void) { return word; }
G(mul, 0x0659fdc5u) G(add, 0x0258fdc5u)
#define RUN const long one = mul() - 0x0659fdc5u + 1; AT(mul)(B, A, C); AT(add)(B, A, C);
""",
    # vfmsub231pd zmm, zmm8, [rdi + 64 r] in two constants; its opcode is that of the second instruction.
    "over two constants": """
typedef unsigned __int128 two;
#define AT(f) ((void (*)(const double *, const double *))((char *)f + one))
#define F(r) static __attribute__((noinline)) two f##r(void) { \\
  return (two)(LAST(r) | r << 3 | r << 8) << 64 | 0x48bdf262u; }
#define LAST(r) 0x00c30047u
F(0) F(1) F(2)
#define RUN const long one = (long)f0() - 0x48bdf262l + 1; AT(f0)(B, A); AT(f1)(B, A); AT(f2)(B, A);
""",
}
IN_SOURCES["over two constants, and jumps on"] = IN_SOURCES["over two constants"].replace(
    "LAST(r) 0x00c30047u", "LAST(r) (r < 2 ? 0x07eb0047u : 0x00c30047u)"
)


@pytest.mark.parametrize("arch", ["x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("name", IN_SOURCES)
def test_packed_arithmetic_in_a_sources_constants_is_a_violation(
    name: str, arch: str, build: Build, compiler: Compiler
) -> None:
    text = IN_SOURCES[name].replace("noinline", "noipa" if compiler.name == "gcc" else "noinline")
    made = build(entry("RUN C[0] = 1;", text), compiler, (), arch)
    assert made.returncode == 0, made.stderr
    assert any("stand in constants" in said for said in object_facts(made.elf, "dgemm", ()).violations)


NOT_WITHIN = {
    "scalar": "f2 0f 58 c1 f2 44 0f 58 c1 f3 0f 58 00",
    "scalar by AVX": "c5 fb 58 c5 c5 fb 58 84 24 00 01 00 00",
    "one byte": "83 e0 0f 5d c3",  # and eax, 15; pop rbp; ret
    "a byte after a displacement": "83 a7 00 01 00 00 0f 5d c3",
    "scalar, far away": "f2 0f 58 84 24 00 01 00 00 f2 0f 58 05 00 00 01 00",
    "stack given back": "48 81 c4 98 00 00 00 c3",
    "near, once": "c5 fb 58 05 0f 58 00 00",
    "a call": "e8 0f 58 00 00",
}


@pytest.mark.parametrize("name", NOT_WITHIN)
def test_what_is_no_constant_or_may_be_chance_is_not_counted(name: str) -> None:
    assert not x86(NOT_WITHIN[name]).hidden_packed


@pytest.mark.parametrize(
    ("code", "frame", "variable"),
    [
        ("48 83 ec 18", 24, 0),
        ("48 81 ec 00 00 01 00", 65536, 0),
        ("48 81 c4 00 00 ff ff", 65536, 0),  # add rsp, -65536
        ("48 8d a4 24 00 00 ff ff", 65536, 0),  # lea rsp, [rsp - 65536]
        ("48 81 c4 00 00 01 00", 0, 0),
        ("48 29 c4", 0, 1),
        ("48 89 c4", 0, 1),
        ("48 89 ec", 0, 0),
        ("48 83 e4 c0", 64, 0),
        ("48 81 e4 00 00 fe ff", 131072, 0),  # and rsp, -131072: up to that much is left out
    ],
)
def test_stack_that_is_taken(code: str, frame: int, variable: int) -> None:
    facts = x86(code)
    assert (facts.frame_bytes, facts.variable_frames, facts.violations) == (frame, variable, ())


WORDS = {  # of AArch64
    "packed": ("20d4624e", 1, ""),  # fadd v0.2d, v1.2d, v2.2d
    "packed fma": ("20cc624e", 1, ""),  # fmla v0.2d, v1.2d, v2.2d
    "scalar": ("2028621e", 0, ""),  # fadd d0, d1, d2
    "return": ("c0035fd6", 0, ""),
    "padding": ("c0035fd6 00000000 1f2003d5", 0, ""),
    "call": ("010000d4", 0, "the instruction svc"),
    "breakpoint": ("000020d4", 0, "the instruction brk"),
    "register of the system": ("00421bd5", 0, "the instruction msr"),
    "counter": ("40e03bd5", 0, "the instruction mrs"),
    "thread pointer": ("40d03bd5", 0, ""),
    "no instruction": ("ffffffff", 0, "no instruction"),
    "branch out": ("00000014 ff030014", 0, "where no instruction starts"),
}


@pytest.mark.parametrize("name", WORDS)
def test_another_machine(name: str) -> None:
    code, packed, said = WORDS[name]
    facts = read_code("EM_AARCH64", [Piece(0x1000, bytes.fromhex(code))])
    assert facts.packed == packed
    assert any(said in sentence for sentence in facts.violations) if said else facts.violations == ()


def test_a_machine_that_nobody_can_decode_is_refused() -> None:
    assert read_code("EM_RISCV", [Piece(0, b"\x13\0\0\0")]).violations


TYPES = (
    "float",
    "double",
    "signed char",
    "short",
    "int",
    "long",
    "unsigned char",
    "unsigned",
    "unsigned long",
)
LOOPS = """
void FN_add(T *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[i] += y[i] * 3; }}
void FN_min(T *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[i] = x[i] < y[i] ? x[i] : y[i]; }}
void FN_mask(T *x, const T *y, int n) {{ for (int i = 0; i < n; i++) if (x[i] > 3) x[i] = y[i] / 2; }}
void FN_gather(T *x, const T *y, const int *z, int n) {{ for (int i = 0; i < n; i++) x[i] = y[z[i]]; }}
void FN_stride(T *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[3 * i] = y[2 * i] + y[2 * i + 1]; }}
void FN_double(double *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[i] = y[i]; }}
void FN_from(T *x, const double *y, int n) {{ for (int i = 0; i < n; i++) x[i] = y[i]; }}
void FN_wide(long *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[i] += y[i]; }}
T FN_sum(const T *y, int n) {{ T s = 0; for (int i = 0; i < n; i++) s += y[i]; return s; }}
T FN_most(const T *y, int n) {{ T s = 0; for (int i = 0; i < n; i++) s = y[i] > s ? y[i] : s; return s; }}
"""
INTEGERS = """
void FN_bits(T *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[i] = (x[i] ^ y[i]) | (x[i] & ~y[i]); }}
void FN_shift(T *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[i] = (x[i] << 3) + (x[i] >> (y[i] & 7)); }}
void FN_turn(T *x, const T *y, int n) {{ for (int i = 0; i < n; i++) x[i] = x[i] % (y[i] | 1); }}
int FN_count(const T *y, int n) {{ int s = 0; for (int i = 0; i < n; i++) s += __builtin_popcountl(y[i]); return s; }}
int FN_first(const T *y, int n) {{ int s = 0; for (int i = 0; i < n; i++) s += __builtin_ctzl(y[i]); return s; }}
T FN_swap(T *x, T y) {{ return __atomic_exchange_n(x, y, 5) + __atomic_fetch_add(x, y, 5); }}
long FN_many(long x, T y) {{ switch (y) {{ case 0: return x; case 1: return 2 * x; case 2: return x / 7;
  case 3: return -x; case 4: return x * x; case 5: return x ^ 1; case 6: return x + 9; default: return 1; }} }}
"""
OTHERS = """
long double quad(long double x, double y, long z) { return x * y / z + __builtin_sqrtl(x) - (x < y ? 1 : x); }
long turn(long double x) { return x; }
__float128 twice(__float128 x) { return x + x; }
_Complex double product(_Complex double x, _Complex double y) { return x * y; }
double parts(double x, double y) { return __builtin_floor(x) + __builtin_copysign(x, y)
  + __builtin_fabs(y) + __builtin_fma(x, y, x); }
struct big { double x[40]; } given(struct big *x) { return *x; }
_Thread_local int mine; int *where(void) { return &mine; }
double reaches(double (**f)(double), double x) { return f[3](x) + f[0](f[1](x)); }
double ratio(unsigned long x, unsigned long y) { return (double)x / (double)(y + x) + (double)(x ^ y); }
void table(int n, double *x) { static void *to[] = { &&a, &&b }; goto *to[n & 1]; a: x[0] = 1; b: x[1] = 2; }
"""


@pytest.mark.parametrize("arch", ["x86-64-v2", "x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("permitted", [ALL - {Technique.THREADS}, {Technique.ALLOC}], ids=["all", "scalar"])
def test_nothing_that_a_compiler_makes_of_plain_loops_is_refused(
    arch: str, permitted: frozenset[Technique], build: Build, compiler: Compiler
) -> None:
    text = OTHERS
    for n, kind in enumerate(TYPES):
        loops = LOOPS if kind in ("float", "double") else LOOPS + INTEGERS
        text += loops.format().replace("T ", f"{kind} ").replace("FN", f"f{n}")
    text = text.replace("\nvoid ", "\n__attribute__((used)) void ").replace(
        "\nlong ", "\n__attribute__((used)) long "
    )
    source = f"{text}\nvoid dgemm(int M, int N, int K, const double *A, const double *B, double *C) {{ }}\n"
    made = build(source, compiler, permitted, arch)
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm", permitted)
    assert facts.violations == ()
    assert (facts.packed_instructions > 15) is (Technique.SIMD in permitted)


def _honest() -> list[tuple[str, str, str, frozenset[Technique], Language]]:
    """Kernels written by hand, the tasks' own and some of their variants, with what each needs."""
    found: list[tuple[str, str, str, frozenset[Technique], Language]] = []
    for name in ("dgemm", "jacobi2d"):
        task = builtin(name)
        for source in (task.reference, *task.yardsticks):
            found.append((name, source.name, source.text, frozenset(source.techniques), "c"))
        written = [*(HONEST / name).iterdir(), *(folder(name) / "correct").iterdir()]
        for path in sorted(path for path in written if path.suffix in (".c", ".cpp")):
            words = path.read_text().partition("\n")[0].removeprefix("// permitted:").split()
            permitted = frozenset(Technique(word) for word in words if word != "none")
            language: Language = "c" if path.suffix == ".c" else "c++"
            found.append((name, path.stem, path.read_text(), permitted, language))
        variants, rng = templates.load(folder(name)), random.Random(3)
        for n in range(12):
            variant = variants.sample(rng, held_out=None)
            permitted = frozenset((*variant.techniques, *task.reference.techniques))
            found.append((name, f"{variant.name}{n}", variant.text, permitted, "c"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("kernel", _honest(), ids=lambda kernel: f"{kernel[0]}-{kernel[1]}")
def test_no_honest_kernel_is_refused(
    kernel: tuple[str, str, str, frozenset[Technique], Language], arch: str, build: Build, compiler: Compiler
) -> None:
    name, _, text, permitted, language = kernel
    if Technique.THREADS in permitted and not compiler.openmp:
        pytest.skip("no run time of OpenMP")
    made = build(text, compiler, permitted, arch, language=language, of=builtin(name))
    assert made.returncode == 0, made.stderr
    assert inspect(builtin(name), text, permitted, language).violations == ()
    assert inspect_preprocessed(builtin(name), made.preprocessed, permitted, language) == ()
    assert object_facts(made.elf, name, permitted).violations == ()
