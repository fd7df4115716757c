# SPDX-License-Identifier: LGPL-2.1-or-later
"""ASL by chance: methods without arguments, of expressions and stores of all types, the same for the same seed."""
import random

TEXTS = ["", "0", "1f", "0x2A", "abc", "  77", "zz", "123456789012345678901234567890", "FFFFFFFFFFFFFFFFFF", "A\\tb",
         "hello world", "12 34"]
NUMBERS = [0, 1, 2, 3, 7, 8, 0x10, 0x1f, 0x20, 0x3f, 0x40, 0x55, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000,
           0x12345678, 0x80000000, 0xffffffff, 0x100000000, 0x123456789abcdef0, 0x8000000000000000,
           0xffffffffffffffff]
BINARY = ["Add", "Subtract", "Multiply", "ShiftLeft", "ShiftRight", "And", "Nand", "Or", "Nor", "Xor", "Mod"]
LOGIC = ["LEqual", "LLess", "LGreater", "LNotEqual", "LLessEqual", "LGreaterEqual"]
UNARY = ["Not", "FindSetLeftBit", "FindSetRightBit", "FromBCD", "ToBCD"]
EXPLICIT = ["ToInteger", "ToHexString", "ToDecimalString", "ToBuffer"]
MATCHES = ["MTR", "MEQ", "MLE", "MLT", "MGE", "MGT"]
HEAD = """DefinitionBlock ("random.aml", "DSDT", REVISION, "ICE86", "RANDOM", 1)
{
    OperationRegion (REGN, SystemMemory, 0x10000, 0x200)
    Method (CALL, 2) { Local0 = DerefOf (Arg1) Arg1 = Arg0 Arg0 = Concatenate (Local0, "x") Return (Arg0) }
"""


class Maker:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.fields = []
        self.names = self.loops = 0

    def one(self, *choices):
        return self.chance.choice(choices)

    def constant(self):
        kind = self.chance.randrange(10)
        if kind < 5:
            return f"0x{self.chance.choice(NUMBERS):X}"
        if kind < 7:
            return f'"{self.chance.choice(TEXTS)}"'
        return self.buffer()

    def buffer(self):
        data = [f"0x{self.chance.choice((0, 1, 0x41, 0x7f, 0x80, 0xff, 0x30)):02X}"
                for _ in range(self.chance.randrange(1, 12))]
        return f"Buffer () {{ {', '.join(data)} }}"

    def value(self, depth):
        """An expression of any type of data."""
        if depth <= 0 or self.chance.random() < .2:
            return f"Local{self.chance.randrange(6)}"
        below = depth - 1
        kind = self.chance.randrange(14)
        if kind < 4:
            return f"{self.chance.choice(BINARY)} ({self.value(below)}, {self.value(below)})"
        if kind == 4:
            return f"{self.chance.choice(UNARY)} ({self.value(below)})"
        if kind < 7:
            return f"{self.chance.choice(LOGIC)} ({self.value(below)}, {self.value(below)})"
        if kind == 7:
            return f"{self.one('LAnd', 'LOr')} ({self.value(below)}, {self.value(below)})"
        if kind == 8:
            return f"Concatenate ({self.value(below)}, {self.value(below)})"
        if kind == 9:
            return f"{self.chance.choice(EXPLICIT)} ({self.value(below)})"
        if kind == 10:
            return f"Mid ({self.value(below)}, {self.chance.randrange(6)}, {self.chance.randrange(6)})"
        if kind == 11:
            return f"ToString ({self.value(below)}, {self.one(1, 3, 'Ones')})"
        if kind == 12:
            return f"DerefOf (Index ({self.value(below)}, {self.chance.randrange(4)}))"
        return f"SizeOf (Local{self.chance.randrange(6)})"

    def statement(self):
        kind = self.chance.randrange(18)
        local = f"Local{self.chance.randrange(6)}"
        if kind < 4:
            return f"{local} = {self.value(2)}"
        if kind == 4:
            return f"{self.one('Increment', 'Decrement')} ({local})"
        if kind == 5:
            return f"Index ({local}, {self.chance.randrange(4)}) = {self.value(1)}"
        if kind == 6:
            return f"If ({self.value(1)}) {{ {self.statement()} }} Else {{ {self.statement()} }}"
        if kind == 7:
            name = self.chance.choice(self.fields)
            return f"{name} = {self.value(1)} {local} = {name}"
        if kind == 8:
            name = self.one("NINT", "NSTR", "NBUF")
            return f"{name} = {self.value(1)} {local} = {name}"
        if kind == 9:
            target = self.one("NINT", "NSTR", "NBUF", local)
            return f"{self.chance.choice(BINARY)} ({self.value(1)}, {self.value(1)}, {target})"
        if kind == 10:
            return (f"{local} = Match (Package () {{ {self.constant()}, {self.constant()}, {self.constant()} }}, "
                    f"{self.chance.choice(MATCHES)}, {self.value(1)}, {self.chance.choice(MATCHES)}, {self.value(1)}, "
                    f"{self.chance.randrange(3)})")
        if kind == 11:
            return f"CopyObject ({self.value(1)}, {self.one('NINT', 'NSTR', 'NBUF')})"
        if kind == 12:
            self.names += 1
            name, first = f"B{self.names:03X}", self.chance.randrange(30)
            made = self.one(f"CreateField (NBUF, {first}, {self.chance.randrange(1, 19)}, {name})",
                            f"CreateWordField (NBUF, {first % 5}, {name})", f"CreateBitField (NBUF, {first}, {name})",
                            f"CreateDWordField (NBUF, {first % 3}, {name})")
            return f"{made} {name} = {self.value(1)} {local} = {name}"
        if kind == 13:
            return f"{local} = CALL ({self.value(1)}, RefOf (Local{self.chance.randrange(6)}))"
        if kind == 14:
            return f"{local} = CALL ({self.value(1)}, RefOf ({self.one('NINT', 'NSTR', 'NBUF', *self.fields)}))"
        if kind == 15:
            return (f"{local} = Package () {{ {self.constant()}, {self.constant()}, 2 }} "
                    f"{local} [{self.chance.randrange(3)}] = {self.value(1)} "
                    f"{local} = DerefOf ({local} [{self.chance.randrange(3)}])")
        if kind == 16:
            return f"{local} = {self.one('ObjectType', 'SizeOf')} ({self.one('NINT', 'NSTR', 'NBUF', local)})"
        self.loops += 1
        counter = f"Local{5 + self.loops}"
        body = self.statement() if self.loops == 1 else "Noop"
        self.loops -= 1
        return (f"{counter} = 0 While ({counter} < {self.chance.randrange(1, 5)}) {{ {counter}++ "
                f"If ({self.value(1)}) {{ {self.one('Break', 'Continue')} }} {body} }}")

    def field_list(self, number):
        access = self.one("AnyAcc", "ByteAcc", "WordAcc", "DWordAcc", "QWordAcc")
        update = self.one("Preserve", "WriteAsOnes", "WriteAsZeros")
        units = []
        for i in range(5):
            name = f"F{number:X}{i}_"
            if self.chance.random() < .3:
                units.append(f", {self.chance.randrange(1, 20)}")
            units.append(f"{name}, {self.chance.choice((1, 3, 4, 8, 12, 16, 17, 31, 32, 33, 48, 64, 65, 80))}")
            self.fields.append(name)
        return (f"    Field (REGN, {access}, NoLock, {update}) {{ Offset ({number * 0x28}), {', '.join(units)} }}\n")

    def method(self, number):
        start = " ".join(f"Local{i} = {self.constant()}" for i in range(6))
        body = " ".join(self.statement() for _ in range(self.chance.randrange(1, 5)))
        return (f"    Method (R{number:03X}, 0, Serialized) {{ Name (NINT, 0x1234) Name (NSTR, \"name\") "
                f"Name (NBUF, Buffer (6) {{ 1, 2, 3 }}) {start} {body} Return ({self.value(3)}) }}\n")


def make(seed, count):
    maker = Maker(seed)
    text = HEAD + "".join(maker.field_list(i) for i in range(8))
    return text + "".join(maker.method(i) for i in range(count)) + "}\n"
