"""Instructions that the decoder does not know: half precision, BF16, AVX-VNNI and its kin, as GNU as writes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hayate.toolchains import Compiler
from hayate.toolchains.instructions import CodeFacts, Piece, read_code
from hayate.toolchains.instructions.kinds import kind
from hayate.toolchains.instructions.recent import recent

AS_WRITTEN = """
vaddph 62f56c0858cb | vaddsh 62956e0858ce | vsubph 62f56c085ccb | vsubsh 62956e085cce | vmulph 62f56c0859cb
| vmulsh 62956e0859ce | vdivph 62f56c085ecb | vdivsh 62956e085ece | vminph 62f56c085dcb | vminsh
62956e085dce | vmaxph 62f56c085fcb | vmaxsh 62956e085fce | vsqrtph 62f57c48514c2401 | vsqrtsh 62f56e0851cb |
vmovsh 62f57e08104d00 | vmovw 62f57d086ec8 | vfmadd132ph 62f66d4898cb | vfmadd132sh 62f66d0899cb |
vfmsub132ph 62f66d489acb | vfmsub132sh 62f66d089bcb | vfnmadd132ph 62f66d489ccb | vfnmadd132sh 62f66d089dcb
| vfnmsub132ph 62f66d489ecb | vfnmsub132sh 62f66d089fcb | vfmaddsub132ph 62f66d4896cb | vfmsubadd132ph
62f66d4897cb | vfmadd213ph 62f66d48a8cb | vfmadd213sh 62f66d08a9cb | vfmsub213ph 62f66d48aacb | vfmsub213sh
62f66d08abcb | vfnmadd213ph 62f66d48accb | vfnmadd213sh 62f66d08adcb | vfnmsub213ph 62f66d48aecb |
vfnmsub213sh 62f66d08afcb | vfmaddsub213ph 62f66d48a6cb | vfmsubadd213ph 62f66d48a7cb | vfmadd231ph
62f66d48b8cb | vfmadd231sh 62f66d08b9cb | vfmsub231ph 62f66d48bacb | vfmsub231sh 62f66d08bbcb | vfnmadd231ph
62f66d48bccb | vfnmadd231sh 62f66d08bdcb | vfnmsub231ph 62f66d48becb | vfnmsub231sh 62f66d08bfcb |
vfmaddsub231ph 62f66d48b6cb | vfmsubadd231ph 62f66d48b7cb | vfmulcph 62f66e48d6cb | vfmulcsh 62f66e08d7cb |
vfcmulcph 62f66f48d6cb | vfcmulcsh 62f66f08d7cb | vfmaddcph 62f66e4856cb | vfmaddcsh 62f66e0857cb |
vfcmaddcph 62f66f4856cb | vfcmaddcsh 62f66f0857cb | vrcpph 62f67d484cca | vrcpsh 62f66d084dcb | vrsqrtph
62f67d484eca | vrsqrtsh 62f66d084fcb | vgetexpph 62f67d4842ca | vgetexpsh 62f66d0843cb | vscalefph
62f66d482ccb | vscalefsh 62f66d082dcb | vrndscaleph 62f37c4808ca03 | vrndscalesh 62f36c080acb03 | vgetmantph
62f37c4826ca03 | vgetmantsh 62f36c0827cb03 | vreduceph 62f37c4856ca03 | vreducesh 62f36c0857cb03 |
vfpclassph 62f37c4866ca03 | vfpclasssh 62f37c0867ca03 | vcmpph 62f37448c2ca03 | vcmpsh 62f37608c2ca03 |
vcomish 62f57c082fca | vucomish 62f57c082e08 | vcvtss2sh 62f56c081dcb | vcvtps2phx 62f57d481dca | vcvtph2psx
62f67d4813ca | vcvtsi2sh 62f56e082ac8 | vcvttsh2si 62f57e082cc1 | vcvtsh2si 62f57e082dc1 | vcvtph2pd
62f57c485aca | vcvtpd2ph 62f5fd485aca | vcvtsh2sd 62f56e085acb | vcvtsd2sh 62f5ef085acb | vcvtdq2ph
62f57c485bca | vcvtqq2ph 62f5fc485bca | vcvtph2dq 62f57d485bca | vcvttph2dq 62f57e485bca | vcvttph2udq
62f57c4878ca | vcvtph2udq 62f57c4879ca | vcvttph2uqq 62f57d4878ca | vcvtph2uqq 62f57d4879ca | vcvttph2qq
62f57d487aca | vcvtph2qq 62f57d487bca | vcvtudq2ph 62f57f487aca | vcvtuqq2ph 62f5ff487aca | vcvttsh2usi
62f57e0878c1 | vcvtsh2usi 62f57e0879c1 | vcvtusi2sh 62f56e087bc8 | vcvttph2uw 62f57c487cca | vcvtph2uw
62f57c487dca | vcvttph2w 62f57d487cca | vcvtph2w 62f57d487dca | vcvtw2ph 62f57e487dca | vcvtuw2ph
62f57f487dca | vcvtsh2ss 62f66c0813cb | vdpbf16ps 62f26e4852cb | vcvtneps2bf16 62f27e4872ca | vcvtne2ps2bf16
62f26f4872cb | vpdpbusd c4e26d50cb | vpdpbusds c4e26d51cb | vpdpwssd c4e26d52cb | vpdpwssds c4e26d53cb |
vpmadd52luq c4e2edb4cb | vpmadd52huq c4e2edb5cb | vpdpbuud c4e26c50cb | vpdpbuuds c4e26c51cb | vpdpbsud
c4e26e50cb | vpdpbsuds c4e26e51cb | vpdpbssd c4e26f50cb | vpdpbssds c4e26f51cb | vcvtneeph2ps
c4e27db08845230100 | vcvtneoph2ps c4e27cb08845230100 | vcvtneebf162ps c4e27eb08845230100 | vcvtneobf162ps
c4e27fb08845230100 | vbcstnesh2ps c4e27db108 | vbcstnebf162ps c4e27eb108 | vcvtneps2bf16 c4e27e72ca | vaddph
6462f56c485808
"""
ALL = [item.split() for item in AS_WRITTEN.replace("\n", " ").split(" | ")]


def x86(code: str) -> CodeFacts:
    return read_code("EM_X86_64", [Piece(0x1000, bytes.fromhex(code))])


@pytest.mark.parametrize(("name", "code"), ALL, ids=[f"{name}-{code[:2]}" for name, code in ALL])
def test_each_has_its_name_and_length(name: str, code: str) -> None:
    found = recent(bytes.fromhex(code) + b"\x90" * 8)
    assert found is not None
    assert (found.mnemonic, found.size) == (name, len(code) // 2)
    assert all(recent(bytes.fromhex(code)[:n]) is None for n in range(found.size))
    facts = x86("90" + code + "c3")
    assert facts.violations == ()
    assert facts.instructions == 3
    assert facts.packed == (kind(name) == "packed")


PACKED = {
    "62f56c0858cb": "xmm", "62f56c2858cb": "ymm", "62f56c4858cb": "zmm", "62f56c1858cb": "zmm",  # rounded
    "62f56c185808": "xmm",  # broadcast
    "62f66d48b8cb": "zmm", "62f66e48d6cb": "zmm", "62f26e4852cb": "zmm",
}  # fmt: skip


@pytest.mark.parametrize("code", PACKED)
def test_packed_arithmetic_is_counted_by_its_registers(code: str) -> None:
    facts = x86(code)
    assert (facts.packed, facts.registers) == (1, {PACKED[code]})


def test_others_are_no_packed_arithmetic() -> None:
    one_number = ("62f56e0858cb", "62f57c082fca", "62f57d086ec8", "62f57e08104d00", "62f66d08b9cb")
    integers = ("c4e26d50cb", "c4e2edb4cb", "c4e26f50cb")
    assert not any(x86(code).packed for code in (*one_number, *integers))


REFUSED = {
    "tdpbf16ps": "c4e26a5cc1",
    "tdpbssd": "c4e26b5ec1",
    "ldtilecfg": "c4e2784900",
    "tileloadd": "c4e27b4b0408",
    "tilerelease": "c4e27849c0",
    "an opcode that is none": "62f56c4830cb",
    "a map that is none": "62f76c4858cb",
    "reserved bits": "62fd6c4858cb",
    "a width that is none": "62f56c6858cb",
    "another prefix": "2662f56c4858cb",
}


@pytest.mark.parametrize("name", REFUSED)
def test_tiles_and_what_is_none_stay_refused(name: str) -> None:
    assert x86("90" + REFUSED[name]).violations


def test_they_are_found_in_constants() -> None:
    assert x86("48 b8 62 f5 6c 48 58 cb eb 04").hidden_packed == {"AVX-512": 1}
    assert x86("62 f5 6c 48 58 88 c5 f5 58 c1").hidden_packed == {"AVX": 1}  # in its displacement


HALF = """
#include <immintrin.h>
_Float16 h[100], g[100];
void product(void) { for (int i = 0; i < 100; i++) h[i] = h[i] * g[i] + (_Float16)1.5; }
_Float16 chosen(_Float16 a, _Float16 b, int i) { return a < b ? a + i : b - (long)a; }
double wide(void) { double s = 0; for (int i = 0; i < 100; i++) s += h[i]; return s; }
__m512h complex(__m512h x, __m512h y) { return _mm512_fmul_pch(x, y); }
__m512bh rounded(__m512 x, __m512 y) { return _mm512_cvtne2ps_pbh(x, y); }
__m512 dot(__m512 x, __m512bh y, __m512bh z) { return _mm512_dpbf16_ps(x, y, z); }
__m256i bytes(__m256i x, __m256i y, __m256i z) { return _mm256_dpbusd_avx_epi32(x, y, z); }
"""


def test_what_a_compiler_makes_for_such_a_processor_is_known(compiler: Compiler, tmp_path: Path) -> None:
    (tmp_path / "half.c").write_text(HALF)
    flags = ("-O3", "-march=sapphirerapids", "-fcf-protection=none", "-fno-asynchronous-unwind-tables")
    asked = [compiler.path, *flags, "-c", "half.c"]
    made = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    if made.returncode:
        pytest.skip(f"{compiler.label} is too old: {made.stderr[-200:]}")
    copied = ["objcopy", "-O", "binary", "-j", ".text", "half.o", "half.bin"]
    subprocess.run(copied, cwd=tmp_path, check=True, timeout=60)
    facts = read_code("EM_X86_64", [Piece(0, (tmp_path / "half.bin").read_bytes())])
    assert facts.violations == ()
    assert facts.packed >= 3
    assert "zmm" in facts.registers
    assert facts.forms.keys() == {"AVX", "AVX-512"}
