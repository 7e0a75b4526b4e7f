"""x86-64: what may stand before an opcode. Other forms than a compiler's hide what is decoded."""

from __future__ import annotations

from functools import lru_cache

_SEGMENTS = b"\x26\x2e\x36\x3e"
PREFIXES = _SEGMENTS + b"\x64\x65\x66\x67\xf0\xf2\xf3"
_PREFIXES_MAX = 3  # before REX and opcode
REX = bytes(range(0x40, 0x50))
FIRST = frozenset(PREFIXES + REX)
_SIXTEEN_BITS = frozenset({"crc32", "popcnt", "lzcnt", "tzcnt", "movsw", "stosw", "lodsw", "scasw", "cmpsw"})
VEX = b"\xc4\xc5"
EVEX = b"\x62"
_NOT_AFTER_REX = PREFIXES + REX + VEX + EVEX


def usual(code: bytes, mnemonic: str) -> bool:
    """Whether an instruction that begins with a prefix (one of FIRST) has those that compilers write."""
    if code[0] in REX:
        return code[1] not in _NOT_AFTER_REX
    return _usual(code[: _PREFIXES_MAX + 2], mnemonic)


def form(code: bytes) -> str:
    """How an instruction is encoded, where not every x86-64 knows that: "AVX", "AVX-512", or ""."""
    lead = code.lstrip(PREFIXES + REX)[:1]
    if lead == EVEX:
        return "AVX-512"
    return "AVX" if lead and lead in VEX else ""


@lru_cache(maxsize=4096)
def _usual(code: bytes, mnemonic: str) -> bool:
    """Whether the prefixes are of the few forms that assemblers and linkers write: others hide what is decoded.

    `code` is the start of an instruction that begins with one that is not REX.
    """
    at = 0
    while at < len(code) - 1 and code[at] in PREFIXES:
        at += 1
    before = code[:at]
    name = mnemonic.rpartition(" ")[2]
    if name == "nop":
        return True
    if code[at] in REX:
        at += 1
        if code[at : at + 1] and code[at] in _NOT_AFTER_REX:
            return False
    if (
        b"\x65" in before
        or len(before) > _PREFIXES_MAX
        or (code[at : at + 1] and code[at] in VEX + EVEX and before.strip(b"\x64"))
    ):
        return False
    if any(segment in _SEGMENTS for segment in before):
        # Hints to a conditional jump, and notrack.
        return len(before) == 1 and before in b"\x2e\x3e" and (name == "call" or name.startswith("j"))
    if b"\x67" in before and name not in ("call", "jmp", "lea"):
        return False
    if name in ("call", "lea") and not before.strip(b"\x66\x67"):
        return True  # padded by a linker, as the model of thread-local storage demands
    if b"\x66" in before and (b"\xf2" in before or b"\xf3" in before) and name not in _SIXTEEN_BITS:
        return False
    repeats = sum(before.count(byte) for byte in b"\xf0\xf2\xf3")
    return before.count(b"\x66") <= 1 and before.count(b"\x64") <= 1 and repeats <= 1
