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

    def highest(self, kind):
        return max((number(name) for name in self.entries.values() if name.startswith(f"{kind}-")), default=0)


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
        """How often the inbox holds each delivery whole, and where something else is in it."""
        whole, others, place = Counter(), [], 0
        while place < len(self.inbox):
            head = RECORD.match(self.inbox, place)
            id = head and head[1].decode()
            record = self.record(id) if id else None
            if record and self.inbox.startswith(record, place):
                whole[id] += 1
                place += len(record)
            else:
                others.append(place)
                end = self.inbox.find(b"\n=== ", place) + 1
                place = end or len(self.inbox)
        return whole, others

    def record(self, id):
        for entry in self.find("deliveries", id):
            return f"=== {id} {entry.header['Subject']}\n".encode() + entry.body + b"\n"


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
        self.judge_entries(disk, "after the cut")
        for id in self.acknowledged.ran:
            rooms = {entry.room for entry in disk.find("a", id)}
            if not rooms or "new" in rooms:
                self.lost.append(f"a: {id}: after the cut: its command had started, and it lies in {rooms}")
        for id in self.acknowledged.handed:
            self.judge_handed(disk, id, "after the cut")
        whole, others = disk.records()
        for id in self.acknowledged.delivered:
            rooms = [entry.room for entry in disk.find("deliveries", id)]
            if rooms != ["done"] or id not in disk.responses or whole[id] != 1:
                self.lost.append(f"delivery {id}: was sent; in {rooms}, {whole[id]} times in the inbox")
        for id in re.findall(rf"^=== ({ID}) ", disk.inbox.decode(errors="replace"), re.M):
            for entry in disk.find("deliveries", id):
                if entry.room == "new" or entry.room in ("run", "wait") and not entry.in_doubt:
                    self.lost.append(f"deliveries/{entry.room}/{entry.path.name}: is in the inbox, and not in doubt")
        # A cut may tear the last record; whoever sends it again completes it.
        if others[1:] or others and b"\n=== " in disk.inbox[others[0]:]:
            self.wrong.append(f"inbox: something that is no record at {others}")
        taken = disk.named()
        for name in self.acknowledged.dropped:
            if not any(path.read_bytes() == text(name) for path in disk.root.glob(f"spool/a/drop/{name}")) \
                    and not list(disk.root.glob(f"spool/a/drop/.take-*-{name}")) and not taken[name]:
                self.lose(name, f"a/drop/{name}: after the cut: neither there nor taken")

    def judge_entries(self, disk, when):
        self.lost += [f"{when}: {words}" for words in disk.broken]
        for (queue, id), name in self.acknowledged.entries.items():
            found = disk.find(queue, id)
            if not found:
                self.lose(id, f"{queue}: {name}: {id}: {when}: lies nowhere")
            elif any(entry.body != text(name) for entry in found):
                self.lose(id, f"{queue}: {name}: {id}: {when}: has another text")

    def judge_handed(self, disk, id, when):
        rooms = [entry.room for entry in disk.find("a", id)]
        products = disk.find("b", id)
        if rooms != ["done"] or len(products) != 1:
            self.lost.append(f"a: {id}: {when}: handed over, and in {rooms}, with {len(products)} products in b")

    # -------------------------------------------------------------- when it was mended

    def judge_mended(self, disk, found, report, bin_dir):
        when = "when mended"
        self.judge_entries(disk, when)
        for (queue, id), entries in disk.entries.items():
            rooms = [entry.room for entry in entries]
            if rooms != ["new" if queue == "b" else "done"]:
                self.wrong.append(f"{queue}: {id}: {when}: in {rooms}")
        self.judge_products(disk)
        self.judge_dropped(disk)
        self.judge_inbox(disk, found)
        self.judge_keys(report)
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

    def judge_dropped(self, disk):
        taken = disk.named()
        for name, entries in taken.items():
            if len(entries) != 1:
                self.wrong.append(f"a/drop/{name}: became {[entry.id for entry in entries]}")
        for name in self.acknowledged.dropped:
            if not any(entry.body == text(name) for entry in taken[name]):
                self.lose(name, f"a/drop/{name}: when mended: became no entry, or one with another text")

    def judge_inbox(self, disk, found):
        whole, others = disk.records()
        torn = found.records()[1]
        if not set(others) <= set(torn) or not disk.inbox.startswith(found.inbox[:(torn or [None])[0]]):
            self.wrong.append(f"inbox: was not only appended to: something that is no record at {others}")
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
