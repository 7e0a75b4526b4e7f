"""Any source, any preprocessor's output and any object can be looked at: no exception, no hang, no heap of memory.

The guard runs outside the sandbox, in the process that a slot belongs to: what stops it there costs the slot.
"""

from __future__ import annotations

import os
import random
import re
import resource
import signal
import struct
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from c_sources import ALL, SIGNATURE, entry
from hypothesis import given, settings
from hypothesis import strategies as st

from hayate.records import Language, Task
from hayate.tasks import builtin, correct, folder
from hayate.toolchains import (
    ObjectFacts,
    compilers,
    inspect,
    inspect_preprocessed,
    object_facts,
)

CPU_S = 8  # two looks; in each the parser alone may take 2 s before it is stopped
GROWTH_MAX_BYTES = 400 << 20
TASKS = {name: builtin(name) for name in ("dgemm", "jacobi2d")}
DGEMM = TASKS["dgemm"]
KERNELS = [
    (task, source.text)
    for name, task in TASKS.items()
    for source in (task.reference, *task.yardsticks, *correct(folder(name)))
]


def apart(look: Callable[[], None], cpu_s: int = CPU_S) -> None:
    """Carries it out in a process of its own: what never ends, takes all memory or crashes must not take us along.

    No alarm would do: an exception out of a signal's handler within the parser's callbacks crashes it.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        said = b""
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            room = pages * resource.getpagesize() + GROWTH_MAX_BYTES
            resource.setrlimit(resource.RLIMIT_AS, (room, room))
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            look()
        except BaseException:
            said = traceback.format_exc().encode(errors="replace")[-3000:]
        finally:
            os.write(writing, said)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"it was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    assert not said, said.decode()


def looked_at(task: Task, text: str, language: Language = "c") -> None:
    """Both looks at a source; what they say is text."""
    suffix = "c" if language == "c" else "cpp"

    def look() -> None:
        facts = inspect(task, text, (), language)
        said = inspect_preprocessed(task, f'# 1 "candidate.{suffix}"\n{text}', ALL, language)
        assert all(isinstance(sentence, str) and sentence.strip() for sentence in (*facts.violations, *said))

    apart(look)


# -- token soup and mutated kernels

WORDS = sorted({word for _, text in KERNELS for word in re.findall(r"[A-Za-z_]\w*|[^\w\s]+|\d+", text)})
TEXT_OF_MARKS = (
    "( ) { } [ ] ; , . -> ? : & * + - / % ^ | ~ ! < > = == <= << >>= ... # ## \\\n \" ' /* */ // <: :> <% %> %: %:%: "
    "??= ??( ??/ ??< L\" u8\" R\" R\"( _Pragma( #define #undef #if #else #endif #elif #include #pragma #line #embed "
    "sizeof typedef struct union enum goto switch case default break continue else do while if for asm __attribute__(( "
    "[[ ]] _Alignas _Generic( _Static_assert( ({ }) 0x 0b1 1e9 .5 1.p-3f 9999999999999999999999 'ab' F( G( \\"
)  # fmt: skip
MARKS = TEXT_OF_MARKS.split(" ")
ODD = [*"\n\r\f\v\0\t\ud800\udcff\ufeff\u00e9\u2028\x7f\N{FOX FACE}", "\r\n"]
PIECES = st.sampled_from(MARKS + ODD) | st.sampled_from(WORDS)
SOUP = st.lists(PIECES, max_size=60).map(" ".join) | st.lists(PIECES, max_size=60).map("".join)
LANGUAGES: st.SearchStrategy[Language] = st.sampled_from(["c", "c", "c++"])
OPENING = "F( f( (int) x= a? if(x) for(;;) while(1){ struct{ do{ [[ ({"
NESTS = [*"({[<*-!&~", *OPENING.split(" "), "do ", "#if 1\n"]


@st.composite
def mutants(draw: st.DrawFn) -> tuple[Task, str]:
    """A kernel of ours with one to five things done to it."""
    task, text = draw(st.sampled_from(KERNELS))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(text)))
        end = at + draw(st.integers(1, 60))
        kind = draw(
            st.sampled_from(["cut", "repeat", "unbalance", "soup", "splice", "lines", "nest", "macros"])
        )
        if kind == "cut":
            text = text[:at] + text[end:]
        elif kind == "repeat":
            text = text[:end] + text[at:end] * draw(st.sampled_from([1, 5, 40])) + text[end:]
        elif kind == "unbalance":
            text = text.replace(
                draw(st.sampled_from([*"{}();\"'#", "*/", "\n"])), "", draw(st.integers(1, 4))
            )
        elif kind == "soup":
            text = text[:at] + draw(SOUP) + text[at:]
        elif kind == "splice":
            other = draw(st.sampled_from(KERNELS))[1]
            start = draw(st.integers(0, len(other)))
            text = text[:at] + other[start : start + 200] + text[at:]
        elif kind == "lines":
            text = text.replace("\n", draw(st.sampled_from([" ", "\\\n", "\r", "\n\n#\n", " //\n", "??/\n"])))
        elif kind == "nest":
            text = text[:at] + draw(st.sampled_from(NESTS)) * draw(st.sampled_from([3, 40, 300])) + text[at:]
        else:
            text = "#define F(x) x F(x) G(x)\n#define G(x) F(x) x\n#define K K + 1\n#define i F(i)\n" + text
    return task, text


@settings(max_examples=30, deadline=None, derandomize=True)
@given(mutants(), LANGUAGES)
def test_mutated_kernels(mutant: tuple[Task, str], language: Language) -> None:
    looked_at(*mutant, language)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    SOUP, st.sampled_from(["", SIGNATURE + "{", "#define F(", '"', "/*", "// permitted: simd\n"]), LANGUAGES
)
def test_token_soup(soup: str, before: str, language: Language) -> None:
    looked_at(DGEMM, before + soup, language)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(PIECES, min_size=1, max_size=5), st.sampled_from(["", SIGNATURE + "{"]), LANGUAGES)
def test_chunks_repeated(chunk: list[str], before: str, language: Language) -> None:
    piece = " ".join(chunk)
    looked_at(DGEMM, before + piece * (3000 // len(piece) + 1), language)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_bytes_that_are_no_text(data: bytes) -> None:
    looked_at(DGEMM, data.decode(errors="surrogateescape"))
    looked_at(DGEMM, data.decode("latin-1"))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, 2, 7, 70, 5000, 100_001]),
            st.sampled_from(["candidate.c", "entry.h", "", "\\", 'a\\"b', 'candidate.c" 1 3']),
            SOUP,
        ),
        max_size=5,
    )
)
def test_line_markers(parts: list[tuple[int, str, str]]) -> None:
    text = "".join(f'# {line} "{file}" 2\n{body}\n' for line, file, body in parts)

    def look() -> None:
        assert all(said.strip() for said in inspect_preprocessed(DGEMM, text, ()))

    apart(look)


# -- what is known to be hard: each is legal in length and takes a wrong algorithm hours, or all memory

N = 6_000
HARD = {
    "calls nested 800 deep": "#define F(x) x\n" + entry(f"int a = {'F(' * 800}1{')' * 800};"),
    "calls nested and not closed": "#define F(x) x\n" + "F(" * N,
    "macros that call each other": "#define F(x) x G(x) G(x)\n#define G(x) x F(x) F(x)\n"
    + entry("F(F(F(G(G(1)))))"),
    "macros that double": "".join(f"#define A{i} A{i + 1} A{i + 1}\n" for i in range(400)) + entry("A0;"),
    "a long argument for a long body": f"#define F(x) {'x ' * 8000}\nint a[] = {{ F({'1 ' * 8000}) }};",
    "a loop with a long condition, called 700 times": (
        f"static void f(void) {{ for (; {'+'.join('A' * 1000)};) ; }}\n{entry('f();' * 700)}"
    ),
    "a loop with a long body, called two thousand times": (
        f"static void f(void) {{ for (;;) {{ {'A += 1;' * 1000} }} }}\n{entry('f();' * 2000)}"
    ),
    "assignments in a row": entry("x = " * 4000 + "1;"),
    "a thousand loops in a loop": entry("for (int i = 0; i < M; i++) {" + "for (;;) x += A[i];" * 1000 + "}"),
    "an operator tree": entry("int x = " + "+".join("A" * N) + ";"),
    "a line of 13,000 characters": entry("C[0] = 1;" * 1500).replace("\n", " "),
    "a name of 60,000 characters": entry("C[0] = " + "a" * 60_000 + ";"),
    "a number of 60,000 digits": entry("C[0] = " + "9" * 60_000 + ";"),
    "an array of 60,000 digits": entry("double a[" + "9" * 60_000 + "];"),
    "quotes": "\"'" * N + "\\",
    "backslashes": "\\" * 2 * N,
    "splices": "a\\\n" * (N // 2),
    "blanks after a backslash": "\\" + " " * 2 * N,
    "comments that are not closed": "/*" * N,
    "directives": "#\n" * N,
    "pragmas": "#pragma omp " + "for " * (N // 2),
    "stars": "int " + "*" * 2 * N + "p;",
    "array declarators": entry("double x" + "[8]" * 3000 + ";"),
    "function declarators": "int f" + "()" * N + "{}",
    "braces closed only": "}" * 2 * N,
    "trigraphs and digraphs": "%:define F(x) x %:%: x\n??=define G <% F(<:1:>) %>\n" * 300,
    "attributes": "__attribute__((" * 1000,
    "an initialiser": "const double t[] = {" + "1," * N + "};",
    "an enumeration": "enum { " + "".join(f"e{i} = e{i - 1} * 3," for i in range(1, 800)) + "};",
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_hard_sources(name: str) -> None:
    assert len(HARD[name]) <= 64_000
    looked_at(DGEMM, HARD[name])


# -- objects

HEADER, PROGRAM_HEADER, SECTION_HEADER = 64, 56, 64  # bytes, of ELF64
NUMBERS = (0, 1, 2, 3, 7, 8, 0xFF, 0x800, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small shared object with imports, libraries, relocations and initialised data."""
    box = tmp_path_factory.mktemp("object")
    body = "memset(C, 0, M * 8); C[0] = sin(A[0]) + t[K & 63]++ + (double)(long)p;"
    before = (
        "#include <math.h>\n#include <string.h>\nstatic double t[64] = {1}; static void *volatile p = &p;"
    )
    (box / "a.c").write_text(entry(body, before))
    flags = ["-O2", "-shared", "-fPIC", "-nostartfiles", "-s", "-o", "a.so", "a.c", "-lm"]
    subprocess.run([compilers()[0].path, *flags], cwd=box, check=True)
    return (box / "a.so").read_bytes()


def facts_of(data: bytes) -> ObjectFacts:
    return object_facts(data, "dgemm", ())


def _tables(elf: bytes) -> list[tuple[int, int]]:
    """Where the headers stand: offset and length of each table."""
    programs, sections = struct.unpack_from("<QQ", elf, 32)
    _, programs_n, _, sections_n = struct.unpack_from("<HHHH", elf, 54)
    return [(0, HEADER), (programs, programs_n * PROGRAM_HEADER), (sections, sections_n * SECTION_HEADER)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 10**6), st.sampled_from([1, 2, 4, 8]), st.sampled_from(NUMBERS)
        ),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    st.none() | st.integers(0, 10**6),
)
def test_damaged_headers(
    elf: bytes, fields: list[tuple[int, int, int, int]], others: list[tuple[int, int]], length: int | None
) -> None:
    """Fields of the headers overwritten with numbers that are at some limit, and bytes anywhere."""
    data = bytearray(elf)
    tables = _tables(elf)
    for table, at, size, number in fields:
        start, length_of_table = tables[table]
        at = start + at % length_of_table // size * size
        data[at : at + size] = (number & (2 ** (8 * size) - 1)).to_bytes(size, "little")
    for at, byte in others:
        data[at % len(data)] = byte
    if length is not None:
        del data[length % len(data) :]
    facts = facts_of(bytes(data))
    assert facts.object_hash


def test_every_field_of_every_header_at_its_limits(elf: bytes) -> None:
    rng = random.Random(5)
    for start, length in _tables(elf):
        for at in range(start, start + length, 8):
            data = bytearray(elf)
            data[at : at + 8] = rng.choice(NUMBERS).to_bytes(8, "little")
            facts_of(bytes(data))


def test_any_bytes_are_no_object(elf: bytes) -> None:
    rng = random.Random(6)
    assert facts_of(elf).violations == ()
    for size in (0, 1, 4, 16, 63, 64, 5000):
        assert facts_of(rng.randbytes(size)).violations
        assert facts_of(elf[:4] + rng.randbytes(size)).violations
