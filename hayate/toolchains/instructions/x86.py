"""x86-64: every byte decoded. What kernels need is a list (kinds.py); all else is refused, and what is none."""

from __future__ import annotations

import re

from hayate.toolchains.instructions.decoding import Decoded, decoded
from hayate.toolchains.instructions.facts import CodeFacts, Piece
from hayate.toolchains.instructions.hidden import hidden
from hayate.toolchains.instructions.kinds import kind
from hayate.toolchains.instructions.prefixes import FIRST, form, usual

_REGISTER = re.compile(r"\b([xyz]mm)(?:\d+|\b)")
# How clang converts an unsigned integer of 64 bits before AVX-512: its halves become two doubles, one subtraction
# takes the offsets off both, and their sum is the number. No way to compute with several numbers at once.
_CONVERSION = re.compile(
    r"v?(?:unpcklps|punpckldq) (xmm\d+), (?:xmm\d+, )?(?:xmm\d+|xmmword ptr \[rip [+-] \w+\])\n"
    r"(?:v?mov[ad]\w+ xmm\d+, xmmword ptr \[rip [+-] \w+\]\n)?"
    r"(?:subpd (\1)|vsubpd (xmm\d+), \1), (?:xmm\d+|xmmword ptr \[rip [+-] \w+\])\n"
    r"(?:movapd (xmm\d+), \2\nunpckhpd \4, \2\naddsd (?:\4, \2|\2, \4)\n"
    r"|v(?:permilpd (xmm\d+), \3, 1|(?:shuf|unpckh)pd (xmm\d+), \3, \3(?:, 1)?)\n"
    r"vaddsd xmm\d+, (?:(?:\5|\6), \3|\3, (?:\5|\6))\n)"
)
_STACK = re.compile(r"rsp, (?:(-?)(0x[0-9a-f]+|\d+)|\[(\w+) ([+-]) (0x[0-9a-f]+|\d+)\]|(\w+))")
_FROM_HERE = re.compile(r"\[rip ([+-]) (0x[0-9a-f]+|\d+)\]")
_OF_THE_SYSTEM = re.compile(r"\b(?:[c-gs]s|[cd]r\d+)\b(?!:)")


def read(pieces: tuple[Piece, ...]) -> CodeFacts:
    """Decodes from each piece's first byte to its last, so that data among the code is code, too."""
    starts: set[int] = set()
    targets: list[tuple[int, int]] = []
    addresses: list[tuple[int, int]] = []
    called: set[int] = set()
    pieces_taken: list[tuple[int, int]] = []
    registers: set[str] = set()
    forms: dict[str, str] = {}
    found: list[str] = []
    packed = prefetches = frame = variable = 0
    for piece in pieces:
        data, base = piece.data, piece.address
        end = base
        code = list(decoded(data, base))
        for n, (address, size, mnemonic, operands) in enumerate(code):
            starts.add(address)
            end = address + size
            at = address - base
            what = kind(mnemonic)
            if what == "packed":
                if not (mnemonic.endswith("subpd") and _converts(code, n)):
                    packed += 1
                    registers.update(_REGISTER.findall(operands))
            elif what == "operands":
                if operands.startswith("rsp,"):
                    taken = _taken(mnemonic, operands)
                    variable += taken is None
                    frame = max(frame, taken or 0)
                    if taken:
                        pieces_taken.append((address, taken))
                elif mnemonic == "lea":
                    shown = _FROM_HERE.search(operands)
                    if shown:
                        addresses.append((address, end + int(shown[1] + shown[2], 0)))
                elif _OF_THE_SYSTEM.search(operands):
                    found.append(f"{mnemonic} {operands} at {address:#x} is not one that kernels need")
            elif what == "branch":
                if operands[:1].isdigit():
                    targets.append((address, int(operands, 0)))
                    if mnemonic.endswith("call"):
                        called.add(int(operands, 0))
            elif what == "prefetch":
                prefetches += 1
            elif what == "refused":
                found.append(f"the instruction {mnemonic} at {address:#x} is not one that kernels need")
            encoded = "AVX-512" if what == "mask" else form(data[at : at + 2])
            if encoded and encoded not in forms:
                forms[encoded] = f"{mnemonic} {operands} at {address:#x}"
            if data[at] in FIRST and not usual(data[at : at + size], mnemonic):
                found.append(f"the prefixes of {mnemonic} at {address:#x} are none that a compiler writes")
        if end != base + len(data):
            found.append(f"the bytes at {end:#x} are no instruction that is known here")
    for address, target in targets:
        if target not in starts:
            found.append(f"the jump at {address:#x} goes to {target:#x}, where no instruction starts")
    for address, shown_at in addresses:  # of 36,000 honest ones in code none is beside a start
        if shown_at not in starts and any(0 <= shown_at - p.address < len(p.data) for p in pieces):
            found.append(f"{address:#x} takes the address {shown_at:#x}, where no instruction starts")
    within = hidden(pieces, starts)
    for name, address in within.refused:
        found.append(
            f"the bytes at {address:#x}, within another instruction, are {name}, which no kernel needs"
        )
    return CodeFacts(
        instructions=len(starts),
        packed=packed,
        registers=frozenset(registers),
        hidden_packed=within.packed,
        prefetches=prefetches,
        hidden_prefetches=within.prefetches,
        forms=forms,
        frame_bytes=frame,
        taken=tuple(pieces_taken),
        entries=frozenset(called | {shown_at for _, shown_at in addresses}),
        variable_frames=variable,
        starts=frozenset(starts),
        violations=tuple(found),
    )


def _converts(code: list[Decoded], n: int) -> bool:
    """Whether the subtraction at `n` is part of a conversion, with or without a load before it."""
    return any(
        n >= before
        and _CONVERSION.match(
            "".join(f"{name} {operands}\n" for _, _, name, operands in code[n - before : n + 4])
        )
        for before in (1, 2)
    )


def _taken(mnemonic: str, operands: str) -> int | None:
    """How many bytes of stack an instruction that changes rsp takes; 0 where it gives some back, None unknown."""
    match = _STACK.fullmatch(operands)
    if match is None:
        return None
    negative, constant, base, sign, offset, register = match.groups()
    if constant:
        value = int(constant, 0)
        if mnemonic == "and":  # to align it leaves a gap
            return (1 << 64) - value
        return value if (mnemonic == "sub") != bool(negative) else 0
    if register:  # after a frame with realigned rsp, rbp has what it was
        return 0 if mnemonic == "mov" and register == "rbp" else None
    if mnemonic == "lea" and (base != "rsp" or sign == "-"):
        # After a realigned frame any register may hold where the caller's began: what it gives back is one word.
        return int(offset, 0) if base in ("rsp", "rbp", "r10", "r13") or int(offset, 0) == 8 else None
    return 0 if mnemonic == "lea" else None
