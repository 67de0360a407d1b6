"""What must hold of a disk after a cut: before anything is mended, and after. Read here, not by the tools."""
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "crash"))
from case import ID, ROOMS, Broken, Case, Entry, check_invariants

RECORD = re.compile(rf"=== ({ID}) ".encode())


def number(name):
    return int(name.rpartition("-")[2])


def text(name):
    """What guest.sh makes of a name."""
    if "." in name:
        return name.encode()
    lines = number(name) % 11 + 1 if number(name) % 16 else 3000
    return f"{name}\n".encode() * lines


class Acknowledged:
    """What the guest had said when it was cut. A line is believed only when it is whole."""

    def __init__(self, said):
        self.entries = {}  # (queue, ID): the name of its text
        self.dropped, self.ran, self.handed, self.delivered, self.failed = [], [], [], [], []
        *lines, _ = said.split(b"\n")
        for line in lines:
            framed = re.fullmatch(rb"<(\d+) (.*)>", line)
            if not framed or len(framed[2]) != int(framed[1]):
                raise Broken(f"the serial line is garbled: {line!r}")
            kind, *words = framed[2].decode().split()
            if kind == "entry":
                queue, name, id = words
                self.entries[queue, id] = name
            else:
                getattr(self, kind).append(" ".join(words))

    def __len__(self):
        return len(self.entries) + len(self.dropped)

    def numbers(self, kind):
        """Those of a kind that were acknowledged, and the next ones, which may have been under way: 1-7,1001-1003."""
        known = {number(name) for name in self.entries.values() if name.startswith(f"{kind}-")}
        known |= {n + 1 for n in known} or {1}
        firsts = sorted(known - {n + 1 for n in known})
        lasts = sorted(known - {n - 1 for n in known})
        return ",".join(f"{first}-{last}" for first, last in zip(firsts, lasts))


class Disk:
    """A disk as the guest handed it out."""

    def __init__(self, root):
        self.root = root
        self.entries, self.responses, self.broken = defaultdict(list), {}, []
        for queue in sorted(root.glob("spool/*/new")):
            for room in [*ROOMS, "re"]:
                for path in sorted((queue.parent / room).iterdir()):
                    self.read(path)
        inbox = root / "inbox"
        self.inbox = inbox.read_bytes() if inbox.exists() else b""

    def read(self, path):
        try:
            entry = Entry(path)
        except (Broken, ValueError) as error:
            self.broken.append(str(error))
            return
        if entry.room == "re":
            self.responses[entry.id] = entry
        else:
            self.entries[entry.queue, entry.id].append(entry)

    def find(self, queue, id):
        return self.entries.get((queue, id), [])

    def rooms(self, queue, id):
        return [entry.room for entry in self.find(queue, id)]

    def of(self, queue):
        """Its entries, by ID."""
        return {id: found for (name, id), found in self.entries.items() if name == queue}

    def named(self):
        """What became of dropped files, by the names that they had."""
        found = defaultdict(list)
        for entries in self.of("a").values():
            for entry in entries:
                if "Name" in entry.header:
                    found[entry.header["Name"]].append(entry)
        return found

    def records(self):
        """How often the inbox holds each delivery whole, and what else is in it."""
        whole, others, place = Counter(), [], 0
        while place < len(self.inbox):
            head = RECORD.match(self.inbox, place)
            id = head and head[1].decode()
            record = self.record(id) if id else None
            if record and self.inbox.startswith(record, place):
                whole[id] += 1
                place += len(record)
            else:
                end = self.inbox.find(b"\n=== ", place) + 1 or len(self.inbox)
                others.append(self.inbox[place:end])
                place = end
        return whole, others

    def record(self, id):
        for entry in self.find("deliveries", id):
            return f"=== {id} {entry.header['Subject']}\n".encode() + entry.body + b"\n"

    def is_torn(self, words):
        """Whether this is how a record begins. Who finds it at the end completes it; one that was sent meanwhile
        comes on a new line behind it."""
        return any(self.record(id).startswith(words.removesuffix(b"\n")) for id in self.of("deliveries"))


class Verdict:
    """`lost`: what was acknowledged and is not there, or not whole. `wrong`: all else."""

    def __init__(self, acknowledged):
        self.acknowledged = acknowledged
        self.lost, self.wrong, self.missing = [], [], set()
        self.wrong += [f"{what}: failed before the cut" for what in acknowledged.failed]

    @property
    def problems(self):
        return self.lost + self.wrong

    def lose(self, name, words):
        self.missing.add(name)
        self.lost.append(words)

    # -------------------------------------------------------------- as the cut has left it

    def judge_found(self, disk):
        when = "after the cut"
        self.judge_entries(disk, when)
        for id in self.acknowledged.ran:
            rooms = disk.rooms("a", id)
            if not set(rooms) - {"new"}:
                self.lost.append(f"a: {id}: {when}: its command had started, and it lies in {rooms}")
        for id in self.acknowledged.handed:
            rooms, products = disk.rooms("a", id), disk.find("b", id)
            if "done" not in rooms or not products:
                self.lost.append(f"a: {id}: {when}: was handed over; lies in {rooms}, with {len(products)} products")
        whole, others = disk.records()
        for id in self.acknowledged.delivered:
            rooms = disk.rooms("deliveries", id)
            if "done" not in rooms or id not in disk.responses or whole[id] != 1:
                self.lost.append(f"delivery {id}: {when}: was sent; lies in {rooms}, {whole[id]} times in the inbox")
        for id in re.findall(rf"^=== ({ID}) ", disk.inbox.decode(errors="replace"), re.M):
            found = disk.find("deliveries", id)
            if not any(entry.in_doubt or entry.room == "done" for entry in found):
                rooms = disk.rooms("deliveries", id)
                self.lost.append(f"delivery {id}: {when}: is in the inbox; lies in {rooms}, and not in doubt")
        self.judge_others(disk, others, when)
        self.judge_dropped(disk, when)

    def judge_others(self, disk, others, when):
        self.wrong += [f"inbox: {when}: is no record: {words[:80]!r}" for words in others if not disk.is_torn(words)]

    def judge_entries(self, disk, when):
        self.lost += [f"{when}: {words}" for words in disk.broken]
        for (queue, id), found in disk.entries.items():
            if len(found) != 1:
                self.wrong.append(f"{queue}: {id}: {when}: lies in {disk.rooms(queue, id)}")
        for (queue, id), name in self.acknowledged.entries.items():
            found = disk.find(queue, id)
            if not found:
                self.lose(id, f"{queue}: {name}: {id}: {when}: lies nowhere")
            elif any(entry.body != text(name) for entry in found):
                self.lose(id, f"{queue}: {name}: {id}: {when}: has another text")

    def judge_dropped(self, disk, when):
        taken = disk.named()
        for name in self.acknowledged.dropped:
            bodies = [entry.body for entry in taken[name]]
            bodies += [path.read_bytes() for path in disk.root.glob("spool/a/drop/*")
                       if path.name == name or path.name.startswith(".take-") and path.name.endswith(f"-{name}")]
            if text(name) not in bodies:
                self.lose(name, f"a/drop/{name}: {when}: neither there nor taken, or not whole")

    # -------------------------------------------------------------- when it was mended

    def judge_mended(self, disk, found, report, bin_dir):
        when = "when mended"
        self.judge_entries(disk, when)
        self.judge_dropped(disk, when)
        for queue, id in disk.entries:
            rooms = disk.rooms(queue, id)
            if rooms != ["new" if queue == "b" else "done"]:
                self.wrong.append(f"{queue}: {id}: {when}: lies in {rooms}")
        self.judge_products(disk)
        self.judge_inbox(disk, found)
        self.judge_keys(report)
        for name, entries in disk.named().items():
            if len({entry.id for entry in entries}) != 1:
                self.wrong.append(f"a/drop/{name}: became {[entry.id for entry in entries]}")
        for line in (report / "exits").read_text().splitlines():
            if not line.startswith("0 "):
                self.wrong.append(f"exit {line}")
        try:
            check_invariants(Case(disk.root, bin_dir))
        except Broken as broken:
            self.wrong.append(str(broken))

    def judge_products(self, disk):
        sources, products = disk.of("a"), disk.of("b")
        for id, entries in sources.items():
            if [entry.body for entry in products.get(id, [])] != [entries[0].body.upper()]:
                self.lost.append(f"a: {id}: when mended: {len(products.get(id, []))} products in b, or another text")
        self.wrong += [f"b: {id}: a product of nothing" for id in products.keys() - sources.keys()]

    def judge_inbox(self, disk, found):
        whole, others = disk.records()
        self.judge_others(disk, others, "when mended")
        if not disk.inbox.startswith(found.inbox):
            self.wrong.append("inbox: was not only appended to when it was mended")
        for id in disk.of("deliveries"):
            if whole[id] != 1 or id not in disk.responses:
                words = "a receipt" if id in disk.responses else "no receipt"
                self.lost.append(f"delivery {id}: when mended: {whole[id]} times in the inbox, {words}")

    def judge_keys(self, report):
        ids = defaultdict(set)
        for (_, id), name in self.acknowledged.entries.items():
            if name.startswith(("k-", "dk-")):
                ids[name].add(id)
        for line in (report / "again").read_text().splitlines():
            key, id = line.split()
            ids[key].add(id)
        self.wrong += [f"key {key}: means {sorted(found)}" for key, found in ids.items() if len(found) > 1]
