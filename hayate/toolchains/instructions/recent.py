"""x86-64: instructions that the decoder's tables are too old for: half precision, BF16, AVX-VNNI and its kin.

A compiler writes them for processors made since 2020. Tiles (AMX) are left out: they need the system's permission.
"""

from __future__ import annotations

from dataclasses import dataclass

_NONE, _66, _F3, _F2 = range(4)  # the prefix that is part of VEX and EVEX
_SINGLE_OR_DOUBLE = (0, 1)  # W is free, or tells integers of 32 and 64 bits apart


@dataclass(frozen=True)
class Recent:
    """One instruction. The operands' names are nothing that is looked at: only their width is told."""

    size: int  # bytes
    mnemonic: str
    width: str  # "xmm", "ymm", "zmm"
    modrm: int  # where its operands begin
    offset: int  # where one of four bytes begins, 0 if there is none


def _fma(packed: bool) -> dict[int, str]:
    """The opcodes of multiply-add: three orders of operands, in rows of sixteen."""
    table: dict[int, str] = {}
    for row, order in ((0x90, 132), (0xA0, 213), (0xB0, 231)):
        if packed:
            table |= {row + 6: f"vfmaddsub{order}ph", row + 7: f"vfmsubadd{order}ph"}
        for n, name in enumerate(("vfmadd", "vfmsub", "vfnmadd", "vfnmsub")):
            table[row + 8 + 2 * n + (not packed)] = f"{name}{order}{'ph' if packed else 'sh'}"
    return table


def _arithmetic(ending: str) -> dict[int, str]:
    names = {0x51: "sqrt", 0x58: "add", 0x59: "mul", 0x5C: "sub", 0x5D: "min", 0x5E: "div", 0x5F: "max"}
    return {opcode: f"v{name}{ending}" for opcode, name in names.items()}


# (map of opcodes, prefix, W): opcode -> name.
_Table = dict[tuple[int, int, int], dict[int, str]]
_EVEX: _Table = {
    (2, _F3, 0): {0x52: "vdpbf16ps", 0x72: "vcvtneps2bf16"},
    (2, _F2, 0): {0x72: "vcvtne2ps2bf16"},
    (3, _NONE, 0): {
        0x08: "vrndscaleph", 0x0A: "vrndscalesh", 0x26: "vgetmantph", 0x27: "vgetmantsh", 0x56: "vreduceph",
        0x57: "vreducesh", 0x66: "vfpclassph", 0x67: "vfpclasssh", 0xC2: "vcmpph",
    },
    (3, _F3, 0): {0xC2: "vcmpsh"},
    (5, _NONE, 0): _arithmetic("ph") | {
        0x1D: "vcvtss2sh", 0x2E: "vucomish", 0x2F: "vcomish", 0x5A: "vcvtph2pd", 0x5B: "vcvtdq2ph",
        0x78: "vcvttph2udq", 0x79: "vcvtph2udq", 0x7C: "vcvttph2uw", 0x7D: "vcvtph2uw",
    },
    (5, _NONE, 1): {0x5B: "vcvtqq2ph"},
    (5, _66, 0): {
        0x1D: "vcvtps2phx", 0x5B: "vcvtph2dq", 0x6E: "vmovw", 0x78: "vcvttph2uqq", 0x79: "vcvtph2uqq",
        0x7A: "vcvttph2qq", 0x7B: "vcvtph2qq", 0x7C: "vcvttph2w", 0x7D: "vcvtph2w", 0x7E: "vmovw",
    },
    (5, _66, 1): {0x5A: "vcvtpd2ph", 0x6E: "vmovw", 0x7E: "vmovw"},
    (5, _F3, 0): _arithmetic("sh") | {
        0x10: "vmovsh", 0x11: "vmovsh", 0x5A: "vcvtsh2sd", 0x5B: "vcvttph2dq", 0x7D: "vcvtw2ph",
    },
    (5, _F2, 0): {0x7A: "vcvtudq2ph", 0x7D: "vcvtuw2ph"},
    (5, _F2, 1): {0x5A: "vcvtsd2sh", 0x7A: "vcvtuqq2ph"},
    (6, _NONE, 0): {0x13: "vcvtsh2ss"},
    (6, _66, 0): _fma(True) | _fma(False) | {
        0x13: "vcvtph2psx", 0x2C: "vscalefph", 0x2D: "vscalefsh", 0x42: "vgetexpph", 0x43: "vgetexpsh",
        0x4C: "vrcpph", 0x4D: "vrcpsh", 0x4E: "vrsqrtph", 0x4F: "vrsqrtsh",
    },
    (6, _F3, 0): {0x56: "vfmaddcph", 0x57: "vfmaddcsh", 0xD6: "vfmulcph", 0xD7: "vfmulcsh"},
    (6, _F2, 0): {0x56: "vfcmaddcph", 0x57: "vfcmaddcsh", 0xD6: "vfcmulcph", 0xD7: "vfcmulcsh"},
}  # fmt: skip
for _w in _SINGLE_OR_DOUBLE:  # of scalars and integers
    _EVEX.setdefault((5, _F3, _w), {}).update(
        {
            0x2A: "vcvtsi2sh", 0x2C: "vcvttsh2si", 0x2D: "vcvtsh2si", 0x78: "vcvttsh2usi", 0x79: "vcvtsh2usi",
            0x7B: "vcvtusi2sh",
        }
    )  # fmt: skip
_VEX: _Table = {
    (2, _NONE, 0): {0x50: "vpdpbuud", 0x51: "vpdpbuuds", 0xB0: "vcvtneoph2ps"},
    (2, _66, 0): {
        0x50: "vpdpbusd", 0x51: "vpdpbusds", 0x52: "vpdpwssd", 0x53: "vpdpwssds", 0xB0: "vcvtneeph2ps",
        0xB1: "vbcstnesh2ps",
    },
    (2, _66, 1): {0xB4: "vpmadd52luq", 0xB5: "vpmadd52huq"},
    (2, _F3, 0): {
        0x50: "vpdpbsud", 0x51: "vpdpbsuds", 0x72: "vcvtneps2bf16", 0xB0: "vcvtneebf162ps",
        0xB1: "vbcstnebf162ps",
    },
    (2, _F2, 0): {0x50: "vpdpbssd", 0x51: "vpdpbssds", 0xB0: "vcvtneobf162ps"},
}  # fmt: skip
_WIDTHS = ("xmm", "ymm", "zmm")
_THREAD = 0x64  # the one prefix that a compiler writes before these
_LONGEST = 15  # bytes of an instruction


def recent(code: bytes) -> Recent | None:
    """The instruction with which `code` begins, None where it is not of these or not all there."""
    code = code[:_LONGEST]
    at = int(code[:1] == bytes((_THREAD,)))
    if len(code) < at + 5:
        return None
    if code[at] == 0x62:  # EVEX: 62, RXBR0mmm, Wvvvv1pp, zLLbVaaa, opcode
        first, second, third = code[at + 1 : at + 4]
        if first & 8 or not second & 4:
            return None
        table, opcode_map, opcode = _EVEX, first & 7, at + 4
        registers = code[at + 5 : at + 6] >= b"\xc0"
        length = 2 if third & 0x10 and registers else third >> 5 & 3  # with a rounding of its own: the widest
    elif code[at] == 0xC4:  # VEX: c4, RXBmmmmm, WvvvvLpp, opcode
        second = code[at + 2]
        table, opcode_map, opcode = _VEX, code[at + 1] & 31, at + 3
        length = second >> 2 & 1
    else:
        return None
    name = table.get((opcode_map, second & 3, second >> 7), {}).get(code[opcode])
    if name is None or length > 2:
        return None
    modrm = opcode + 1
    offset = _offset_bytes(code, modrm)
    if offset is None:
        return None
    skipped, displacement = offset
    size = modrm + 1 + skipped + displacement + (opcode_map == 3)  # those have a byte that says how
    if size > len(code):
        return None
    return Recent(size, name, _WIDTHS[length], modrm, modrm + 1 + skipped if displacement == 4 else 0)


def _offset_bytes(code: bytes, modrm: int) -> tuple[int, int] | None:
    """Bytes of SIB and of the displacement after the operands' byte."""
    if modrm >= len(code):
        return None
    mode, base = code[modrm] >> 6, code[modrm] & 7
    if mode == 3:
        return 0, 0
    sib = int(base == 4)
    if sib:
        if modrm + 1 >= len(code):
            return None
        base = code[modrm + 1] & 7
    return sib, 4 if mode == 2 or (mode == 0 and base == 5) else int(mode == 1)
