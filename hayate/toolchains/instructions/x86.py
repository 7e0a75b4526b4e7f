"""x86-64: the instructions that kernels are made of, by name. All others are refused, and what is none."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from capstone import CS_ARCH_X86, CS_MODE_64, Cs

from hayate.toolchains.instructions.facts import CodeFacts, Piece

_INTEGER = r"""
    mov|movabs|movsx|movsxd|movzx|movbe|lea|add|sub|adc|sbb|and|or|xor|not|neg|inc|dec|cmp|test|imul|mul|idiv|div
    |sar|shr|shl|sal|rol|ror|rcl|rcr|sarx|shrx|shlx|rorx|shld|shrd|bt[src]?|bs[fr]|bswap|xchg|xadd
    |cmpxchg(?:8b|16b)?|popcnt|[lt]zcnt|andn|bextr|blsi|blsmsk|blsr|bzhi|pdep|pext|mulx|adcx|adox|crc32
    |cbw|cwde|cdqe|cwd|cdq|cqo|push|pop|leave|ret|nop|ud2|int3|endbr64|pause|[mls]fence|[ls]ahf|cld
    |(?:movs|stos|lods|scas|cmps)[bwdq]|set\w+|cmov\w+|j\w+|call
"""
# Conversions of long double need fldcw, and the compiler's __float128 fldenv. Nothing needs the whole state.
_X87 = r"""
    f(?:ld|ld1|ldz|ldpi|ldl2e|ldl2t|ldlg2|ldln2|st|stp|i?add|addp|i?subr?|subr?p|i?mul|mulp|i?divr?|divr?p|ild|ist
    |istp|isttp|chs|abs|sqrt|xch|u?comp?|u?compp|u?compi|u?comi|cmov\w+|tst|xam|rndint|scale|prem1?|patan|ptan|sin
    |cos|sincos|2xm1|yl2x|yl2xp1|xtract|freep?|nstsw|nstcw|ldcw|nstenv|ldenv)|wait|emms
"""
_VECTOR = r"""
    v?(?:add|sub|mul|div|sqrt|min|max|andn?|or|xor|unpck[lh]|shuf|blendv?|h?add|h?sub|addsub|dp|round|rcp|rsqrt|u?comi
        |extract|insert)[ps][sdh]
    |v?mov(?!dir)\w+|v?(?:p?maskmov)\w+|v?lddqu|v?stmxcsr|v?cmp\w*[ps][sdh]|v?cvt\w+2\w+|v?pack[su]s\w+
    |v?p(?:abs|add|align|and|avg|blend|clmul|cmp|ext|hadd|hminpos|hsub|insr|madd|max|min|mov|mul|or|sad|shuf|sign|sll|sra
        |srl|sub|test|unpck|xor)\w*
    |vp(?:broadcast|erm|gather|scatter|lzcnt|opcnt|conflict|compress|expand|multishift|ro[lr]|sh[lr]d|ternlog|dp)\w*
    |v(?:align|broadcast|extract|insert|perm|gather|scatter|compress|expand|blendm|getexp|getmant|fixupimm|range|reduce
        |rndscale|scalef|rcp\d+|rsqrt\d+|fpclass|exp2|dbpsad|shuf|test|dpbf16|zero)\w*
    |vfn?m(?:add|sub|addsub|subadd)\d+[ps][sdh]|vfc?m(?:add|ul)c[ps]h
    |k(?:add|andn?|mov|not|or|ortest|shift[lr]|test|unpck|xnor|xor)[bwdq]{1,2}
    |v?aes\w+|v?gf2p8\w+|sha(?:1|256)\w+
"""
_KNOWN = re.compile(f"(?:{_INTEGER}|{_X87}|{_VECTOR})", re.VERBOSE)
_PREFETCH = re.compile(r"prefetch(?:nta|t[012]|w|wt1)")
_REPEATED = frozenset({"rep", "repe", "repz", "repne", "repnz", "lock", "notrack", "bnd"})
# Moves, logic and integer work are left out: the compiler uses them for memcpy, zeroing and fabs in scalar code too.
_PACKED = re.compile(
    r"v?(?:add|sub|mul|div|min|max|sqrt|hadd|hsub|addsub|dp|round|rndscale|scalef|rcp\d*|rsqrt\d*|reduce|range|getexp"
    r"|getmant|fixupimm|exp2)p[sdh]|vfn?m\w+p[sdh]|vfc?m(?:add|ul)cph|vdpbf16ps|pf\w+"
)
_REGISTER = re.compile(r"\b([xyz]mm)\d+")
_LEAD = re.compile(rb"[\x0f\x62\xc4\xc5]")  # before the opcode of each packed instruction
_NEAR = 1 << 16  # a distance below it has room for two bytes of an instruction
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
_OF_THE_SYSTEM = re.compile(r"\b(?:[c-gs]s|[cd]r\d+)\b(?!:)")
_LONGEST = 15  # bytes of an instruction
_SEGMENTS = b"\x26\x2e\x36\x3e"
_PREFIXES = _SEGMENTS + b"\x64\x65\x66\x67\xf0\xf2\xf3"
_PREFIXES_MAX = 3  # before REX and opcode
_REX = bytes(range(0x40, 0x50))
_FIRST = frozenset(_PREFIXES + _REX)
_SIXTEEN_BITS = frozenset({"crc32", "popcnt", "lzcnt", "tzcnt", "movsw", "stosw", "lodsw", "scasw", "cmpsw"})
_VEX = b"\x62\xc4\xc5"
_NOT_AFTER_REX = _PREFIXES + _REX + _VEX


@cache
def _kind(mnemonic: str) -> str:
    """ "refused", or what there is to look at: "" (nothing), "packed", "prefetch", "branch", "operands"."""
    *before, name = mnemonic.split(" ")
    if not _REPEATED.issuperset(before):
        return "refused"
    if _PREFETCH.fullmatch(name):
        return "prefetch"
    if not _KNOWN.fullmatch(name):
        return "refused"
    if _PACKED.fullmatch(name):
        return "packed"
    if name == "call" or name.startswith("j"):
        return "branch"
    return "operands" if name in ("sub", "add", "and", "mov", "lea", "push", "pop") else ""


def read(pieces: tuple[Piece, ...]) -> CodeFacts:
    """Decodes from each piece's first byte to its last, so that data among the code is code, too."""
    decoder = Cs(CS_ARCH_X86, CS_MODE_64)
    starts: set[int] = set()
    targets: list[tuple[int, int]] = []
    registers: set[str] = set()
    found: list[str] = []
    packed = prefetches = frame = variable = 0
    for piece in pieces:
        data, base = piece.data, piece.address
        end = base
        code = list(decoder.disasm_lite(data, base))
        for n, (address, size, mnemonic, operands) in enumerate(code):
            starts.add(address)
            end = address + size
            kind = _kind(mnemonic)
            if kind:
                if kind == "packed":
                    if not (mnemonic.endswith("subpd") and _converts(code, n)):
                        packed += 1
                        registers.update(_REGISTER.findall(operands))
                elif kind == "operands":
                    if operands.startswith("rsp,"):
                        taken = _taken(mnemonic, operands)
                        variable += taken is None
                        frame = max(frame, taken or 0)
                    elif _OF_THE_SYSTEM.search(operands):
                        found.append(f"{mnemonic} {operands} at {address:#x} is not one that kernels need")
                elif kind == "branch":
                    if operands[:1].isdigit():
                        targets.append((address, int(operands, 0)))
                elif kind == "prefetch":
                    prefetches += 1
                else:
                    found.append(f"the instruction {mnemonic} at {address:#x} is not one that kernels need")
            at = address - base
            if data[at] in _FIRST and (
                data[at + 1] in _NOT_AFTER_REX
                if data[at] in _REX
                else not _prefixes_are_usual(data[at : at + min(size, _PREFIXES_MAX + 2)], mnemonic)
            ):
                found.append(f"the prefixes of {mnemonic} at {address:#x} are none that a compiler writes")
        if end != base + len(data):
            found.append(f"the bytes at {end:#x} are no instruction that is known here")
    for address, target in targets:
        if target not in starts:
            found.append(f"the jump at {address:#x} goes to {target:#x}, where no instruction starts")
    return CodeFacts(
        instructions=len(starts),
        packed=packed,
        registers=frozenset(registers),
        # Who may compute with vectors need not hide it.
        hidden_packed=0 if packed else sum(_hidden(decoder, piece, starts) for piece in pieces),
        prefetches=prefetches,
        frame_bytes=frame,
        variable_frames=variable,
        starts=frozenset(starts),
        violations=tuple(found),
    )


def _converts(code: list[tuple[int, int, str, str]], n: int) -> bool:
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
        return int(offset, 0) if base in ("rsp", "rbp", "r10", "r13") else None
    return 0 if mnemonic == "lea" else None


@lru_cache(maxsize=4096)
def _prefixes_are_usual(code: bytes, mnemonic: str) -> bool:
    """Whether the prefixes are of the few forms that assemblers and linkers write: others hide what is decoded.

    `code` is the start of an instruction that begins with one that is not REX.
    """
    at = 0
    while at < len(code) - 1 and code[at] in _PREFIXES:
        at += 1
    before = code[:at]
    name = mnemonic.rpartition(" ")[2]
    if name == "nop":
        return True
    if code[at] in _REX:
        at += 1
        if code[at : at + 1] and code[at] in _NOT_AFTER_REX:
            return False
    if (
        b"\x65" in before
        or len(before) > _PREFIXES_MAX
        or (code[at : at + 1] and code[at] in _VEX and before.strip(b"\x64"))
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


def _hidden(decoder: Cs, piece: Piece, starts: set[int]) -> int:
    """How many instructions of packed arithmetic start within the constants of others, or with their operands.

    Code that computes where it jumps could run them. A constant of two bytes has room for one's start, and what
    follows may be part of it. What names the registers (ModRM, SIB) may be the byte before.
    """
    data, base = piece.data, piece.address
    count = near = 0
    for match in _LEAD.finditer(data):
        begin = lead = match.start()
        while base + begin not in starts and begin and lead - begin < _LONGEST:
            begin -= 1
        if not data[begin:lead].strip(_PREFIXES + _REX):  # the opcode itself
            continue
        at = lead
        while not _is_packed(decoder, data[at : at + _LONGEST]):
            at -= 1
            if at <= begin or data[at] not in _FIRST:
                break
        else:
            place, is_near = _constants(data[begin : begin + _LONGEST])
            count += at - begin in place and not is_near
            near += at - begin in place and is_near
    # Among thousands of honest distances one may look like an instruction; for a product and a sum it takes two.
    return count + (near if near > 1 else 0)


@cache
def _detailed() -> Cs:
    decoder = Cs(CS_ARCH_X86, CS_MODE_64)
    decoder.detail = True
    return decoder


def _constants(code: bytes) -> tuple[range, bool]:
    """From its operands on, where an instruction has constants of two bytes, and whether they are a small distance.

    A distance is one from the instruction itself: its value depends on how long the code in between is.
    """
    for found in _detailed().disasm(code, 0, 1):
        wide = found.disp_size > 1, found.imm_size > 1
        first = found.disp_offset if wide[0] else found.imm_offset if wide[1] else found.size
        begin = found.modrm_offset or first if any(wide) else first
        place = range(begin, found.size - (found.imm_size == 1))
        distance = code[found.modrm_offset] & 0xC7 == 0x05 if wide[0] else _kind(found.mnemonic) == "branch"
        value = int.from_bytes(code[first : first + 4], "little", signed=True)
        return place, distance and wide[0] != wide[1] and -_NEAR <= value < _NEAR
    return range(0), False


def _is_packed(decoder: Cs, code: bytes) -> bool:
    for _, _, mnemonic, _ in decoder.disasm_lite(code, 0, 1):
        return _kind(mnemonic) == "packed"
    return False
