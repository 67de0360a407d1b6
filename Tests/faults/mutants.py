"""Files that are nearly entries: valid ones of which something was changed. The same seed gives the same files."""
import hashlib
import random
import time

ALPHABET = "0123456789bcdfghjklmnpqrstvwxz"
LENGTHS = b"-1", b"0", b"1e3", b"+7", b"0x10", b"9" * 19, b"9" * 400, "\u0661\u0662".encode(), b"", b"7 7", b"07"
TIMES = (b"2026-13-01T00:00:00Z", b"9999-12-31T23:59:59Z", b"0000-01-01T00:00:00Z", b"2026-01-01", b"now", b"-1", b"",
         b"2026-01-01T00:00:00+99:99", b"2026-02-30T00:00:00Z", b"2026-01-01T24:00:60.9999999999999999999Z")
VALUES = (b"a\0b", b"\xff\xfe", b"\x1b]0;evil\x07", "\u202eevil".encode(), b"\t\t", b"\r", b"\xc0\x80", b"\xed\xa0\x80",
          "\ufeff".encode(), b": : :", b"Spool: 1")
NAMES = (b"", b" ", b"Spool ", b"X Y", b"x" * 300, "\u00dcber".encode(), b"\xff", b"-", b"_", b"id", b"LENGTH", b"\0")
SUFFIXES = (b",1", b",0", b",0d", b",01", b",-1", b",5d", b",99", b",999999", b"," + b"9" * 30, b",d", b",", b",2,3",
            b"@", b"@host.4711", b"@host", b"@.1", b"@host.0", b"@host.99999999999", b",1@host.1", b".1", b".0",
            b".1.2", b".", b".999999999", b".9999999999", b"-", b"-Slug", b"-" + b"s" * 25, b"~2", b"\n", b" ")
FILE_NAMES = (b"letter.txt", b"Shopping list", b".hidden", b"half.part", b"x~", b"#x#", b"4913", b".take-x",
              b"-rf", b"a\nb", b"\xff\xfe", b"\xed\xa0\x80", "\u202egpj.exe".encode(), b"$(reboot)", b"'", b"*",
              b"\x1b[2J", "e\u0301".encode(), b"..x", b"new", b"%s%n", b"a@b.c", b"x,1", b"CON", b"y" * 200)


class Mutants:
    def __init__(self, seed):
        self.dice, self.number = random.Random(seed), 0

    def next(self):
        """A file: its name, and its bytes."""
        dice = self.dice
        self.number += 1
        id = self.id()
        lines, body = self.entry(id)
        change = dice.choices([self.of_header, self.of_bytes, lambda lines, body: join(lines, body)], [5, 3, 2])[0]
        return self.name(id), change(lines, body)

    def id(self):
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(1_790_000_000 + self.number))
        stamp += f".{self.dice.randrange(10**6):06}Z"
        slug = self.dice.choice(["", "", "-slug", "-a-b", "-slug.1", ".3"])
        return (f"{stamp}-" + "".join(self.dice.choices(ALPHABET, k=6)) + slug).encode()

    def entry(self, id):
        """As a tool would have published it: its header lines, and its body."""
        dice = self.dice
        body = f"{self.number} ".encode() + dice.randbytes(dice.choice([0, 1, 10, 100, 1000]))
        lines = [b"Spool: 1", b"Id: " + id]
        optional = [b"From: put", b"To: b", b"Subject: " + "Fr\u00fchst\u00fcck \U0001f375".encode(), b"X-Own: value",
                    b"Created: 2026-11-23T17:20:44.120773Z", b"Expires: 2099-01-01T00:00:00Z", b"Arrived: yesterday",
                    b"Expires: 2020-01-01T00:00:00+01:00", b"Attempts: 3", b"Name: x"]
        for line in dice.sample(optional, dice.randrange(5)):
            if not any(known.startswith(line.partition(b":")[0]) for known in lines):
                lines.append(line)
        lines += [b"Length: %d" % len(body), b"Sha256: " + hashlib.sha256(body).hexdigest().encode()]
        return lines, body

    # ---------------------------------------------------------------- what is changed

    def of_header(self, lines, body):
        """Mostly what comes behind the first line: a reader looks further only there."""
        dice, at = self.dice, self.dice.randrange(1, len(lines))
        name, _, value = lines[at].partition(b": ")
        change = dice.randrange(12)
        if change == 0:
            lines.insert(dice.randrange(1, len(lines) + 1), lines[at])
        elif change == 1:
            del lines[at]
        elif change == 2:
            lines[1:] = dice.sample(lines[1:], len(lines) - 1)
        elif change == 3:
            lines[at] = name + b": " + b"v" * dice.choice([1000, 60_000, 65_530, 70_000])
        elif change == 4:
            lines[at] = name + b": " + dice.choice(VALUES)
        elif change == 5:
            lines[at] = dice.choice(NAMES) + b": " + value
        elif change == 6:
            lines = [line for line in lines if not line.startswith(b"Length")] + [b"Length: " + dice.choice(LENGTHS)]
        elif change == 7:
            lines[-1] = b"Sha256: " + dice.choice([b"", b"0" * 64, lines[-1][8:].upper(), lines[-1][8:-1], b"x" * 64])
        elif change == 8:
            lines = [line for line in lines if not line.startswith((b"Created", b"Expires"))]
            lines.append(dice.choice([b"Created: ", b"Expires: "]) + dice.choice(TIMES))
        elif change == 9:
            lines[at] = lines[at].replace(b": ", dice.choice([b":", b" : ", b"=", b":\t", b"\n: ", b":\n "]))
        elif change == 10:
            own = lines[1][4:]
            lines[1] = b"Id: " + dice.choice([b"", b"../../etc/passwd", self.id(), own + b",1", own.lower()])
        else:
            lines += [b"H%d: x" % number for number in range(dice.choice([10, 300]))]
        return join(lines, body)

    def of_bytes(self, lines, body):
        dice, whole = self.dice, bytearray(join(lines, body))
        change = dice.randrange(10)
        if change == 0:
            for _ in range(dice.randrange(1, 4)):
                whole[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        elif change == 1:
            whole[len(whole) - dice.randrange(len(body)) - 1] ^= 1 << dice.randrange(8)
        elif change == 2:
            del whole[dice.randrange(len(whole)):]
        elif change == 3:
            whole = whole.replace(b"\n", b"\r\n")
        elif change == 4:
            whole[:0] = dice.choice([b"\xef\xbb\xbf", b"\n", b" ", b"\0", b"Spool: 2\n", b"spool: 1\n", b"#!/bin/sh\n"])
        elif change == 5:
            whole += dice.randbytes(dice.randrange(1, 50))
        elif change == 6:
            whole = whole.replace(b"\n\n", dice.choice([b"\n", b"\n \n", b"\r\n\r\n", b"\n\0\n"]), 1)
        elif change == 7:
            place = dice.randrange(len(whole))
            whole[place:place] = dice.choice([b"\0", b"\n", b"\n\n", b"\xff", whole[:place][-40:]])
        elif change == 8:
            del whole[dice.randrange(9, 40):]
        else:
            whole = dice.randbytes(dice.randrange(200)) + b"%d" % self.number
        return bytes(whole)

    def name(self, id):
        """Mostly the entry's own; else one that is nearly so, or any other."""
        dice, change = self.dice, self.dice.randrange(20)
        if change < 11:
            return id
        if change < 16:
            return id + dice.choice(SUFFIXES)
        if change == 16:
            return id[:dice.randrange(1, len(id))] + b"%d" % self.number
        if change == 17:
            broken = bytearray(id)
            broken[dice.randrange(len(id))] = dice.choice(b"\n\xff\x80 ,@-.~A9")
            return bytes(broken)
        return dice.choice(FILE_NAMES) + (b"%d" % self.number if dice.random() < 0.9 else b"")


def join(lines, body):
    return b"\n".join(lines) + b"\n\n" + body
