"""Transcripts that are moved, cut, replaced, copied and removed: what was read is read once, and what was learned stays."""
import os
import shutil

from case import expect
from harvesting import append
from home import case
from transcripts import Claude, Pi, chat, correction, decision


def begun(home):
    """A file of two facts that has been harvested."""
    path = Claude().user(correction(1)).user(decision(2)).to(home.source() / "p" / "a.jsonl")
    home.harvest()
    home.has("kettle1", "samovar2")
    return path


@case
def rotated(home):
    """OpenClaw: the old session gets a name with its end, a new one begins under the old name."""
    source = home.source("pi")
    writer = Pi().user(correction(1)).user(decision(2))
    path = source / "a.jsonl"
    append(path, writer.bytes)
    home.harvest()
    append(path, Pi(seed=2).user(correction(3)).lines[1])  # after the last harvest, before the end
    path.rename(source / "a.jsonl.reset.2026-03-01T10-00-00.000Z")
    Pi(seed=3).user(decision(4)).to(path)
    home.reads(3).has("kettle1", "samovar2", "kettle3", "samovar4")
    home.same_as_at_once(home.report())
    home.reads(0)


@case
def renamed_it_goes_on_at_its_position(home):
    path = begun(home)
    new = path.rename(path.with_name("b.jsonl"))
    append(new, Claude(seed=2).user(correction(3)).bytes)
    home.reads(1).has("kettle1", "samovar2", "kettle3")
    expect(home.files_of("kettle1") == home.files_of("kettle3") == [str(new)], f"sources: {home.fact('kettle1')}")
    home.same_as_at_once(home.report())


@case
def moved_to_another_directory_it_goes_on_at_its_position(home):
    path = begun(home)
    (path.parent.parent / "q").mkdir()
    new = path.rename(path.parent.parent / "q" / "a.jsonl")
    home.reads(0)
    path.parent.rename(path.parent.with_name("z"))
    new.parent.rename(new.parent.with_name("p"))
    append(path, Claude(seed=2).user(correction(3)).bytes)
    home.reads(1).same_as_at_once(home.report())


@case
def two_files_that_change_names_are_told_apart(home):
    source = home.source()
    first, second = source / "a.jsonl", source / "b.jsonl"
    Claude(seed=1).user(correction(1)).to(first)
    Claude(seed=2).user(decision(2)).user(chat(1)).to(second)
    home.harvest()
    first.rename(source / "c")
    second.rename(first)
    (source / "c").rename(second)
    append(first, Claude(seed=3).user(correction(3)).bytes)
    home.reads(1).has("kettle1", "samovar2", "kettle3").same_as_at_once(home.report())


@case
def truncated_to_nothing_and_written_anew(home):
    path = begun(home)
    path.write_bytes(b"")
    home.reads(0).has("kettle1", "samovar2")
    append(path, Claude(seed=2).user(correction(3)).bytes)
    home.reads(1).has("kettle1", "samovar2", "kettle3")


@case
def truncated_in_the_middle(home):
    path = begun(home)
    first = path.read_bytes().splitlines(True)[0]
    os.truncate(path, len(first))
    home.harvest()
    home.has("kettle1", "samovar2")
    append(path, Claude(seed=2).user(correction(3)).bytes)
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3")
    expect(home.report().of(path).lines == 2, "not its two lines")


def replaced_by(other, at_once):
    """By other content, under its name: in place, which keeps the inode, or by a rename."""
    def check(home):
        path = begun(home)
        text = other(path.stat().st_size)
        if at_once:
            path.with_name("new").write_bytes(text)
            path.with_name("new").rename(path)
        else:
            path.write_bytes(text)
        home.harvest()
        home.has("kettle1", "samovar2", "kettle3")
        row = home.report().of(path)
        expect(row.bytes == len(text), f"at {row.bytes} of {len(text)}")
        expect(row.lines == text.count(b"\n"), f"{row.lines} lines")
        expect(home.files_of("kettle3") == [str(path)], "not its source")
        home.reads(0)

    return check


def padded(size):
    """Of exactly this length, with another beginning."""
    text = Claude(seed=7).user(correction(3)).bytes
    filler = {"type": "summary", "summary": "", "leafUuid": "0"}
    writer = Claude(seed=7).add(filler)
    missing = size - len(text) - len(writer.bytes)
    writer.lines[0] = writer.lines[0].replace(b'"summary":""', b'"summary":"' + b"x" * missing + b'"')
    return text + writer.bytes


LENGTHS = {"the_same_length": lambda size: padded(size), "a_greater_length": lambda size: padded(size + 5000),
           "a_smaller_length": lambda size: Claude(seed=7).user(correction(3)).bytes}
for length, other in LENGTHS.items():
    for how, at_once in ("in_place", False), ("by_a_rename", True):
        check = replaced_by(other, at_once)
        check.__name__, check.__module__ = f"replaced_{how}_by_other_content_of_{length}", __name__
        case(check)


@case
def deleted_its_facts_stay(home):
    path = begun(home)
    before = home.texts()
    path.unlink()
    home.reads(0).has("kettle1", "samovar2")
    expect(home.texts() == before, "other facts")
    shutil.rmtree(home.home / "claude-sessions")
    home.harvest(code=69)
    home.has("kettle1", "samovar2")


@case
def a_rebuild_keeps_the_facts_of_files_that_are_gone(home):
    path = begun(home)
    Claude(seed=2).user(correction(3)).to(path.with_name("b.jsonl"))
    home.harvest()
    path.unlink()
    home.harvest()
    before = home.dump()
    home.harvest("--rebuild")
    home.has("kettle1", "samovar2", "kettle3")
    expect(home.dump() == before, "another dump")


@case
def deleted_and_come_back_it_says_nothing_new(home):
    """Restored from a backup: under the same inode or another one."""
    path = begun(home)
    before, text = home.dump(), path.read_bytes()
    for _ in range(2):
        path.unlink()
        home.harvest()
        path.with_name("takes its inode").write_bytes(b"")
        path.write_bytes(text)
        home.harvest()
        home.has("kettle1", "samovar2")
        expect(home.dump() == before, "another dump")


@case
def a_copy_is_a_second_source_of_the_same_facts(home):
    path = begun(home)
    copy = path.with_name("copy.jsonl")
    shutil.copyfile(path, copy)
    home.harvest()
    home.has("kettle1", "samovar2")
    expect(home.files_of("kettle1") == [str(path), str(copy)], f"sources: {home.fact('kettle1')}")
    home.same_as_at_once(home.report())
    copy.unlink()
    home.harvest()
    home.has("kettle1", "samovar2")


@case
def a_copy_that_goes_on_in_another_way_is_another_file(home):
    """As a session that was forked: the same beginning, another end."""
    path = begun(home)
    copy = path.with_name("copy.jsonl")
    shutil.copyfile(path, copy)
    append(path, Claude(seed=2).user(correction(3)).bytes)
    append(copy, Claude(seed=3).user(decision(4)).bytes)
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3", "samovar4").same_as_at_once(home.report())


@case
def a_hard_link_is_read_without_doubling_anything(home):
    path = begun(home)
    os.link(path, path.with_name("link.jsonl"))
    home.harvest()
    append(path, Claude(seed=2).user(correction(3)).bytes)
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3").same_as_at_once(home.report())
    path.unlink()
    home.harvest()
    append(path.with_name("link.jsonl"), Claude(seed=3).user(decision(4)).bytes)
    home.harvest()
    home.has("kettle1", "samovar2", "kettle3", "samovar4")


@case
def an_inode_that_is_used_again_is_another_file(home):
    """ext4 gives the number of a deleted file to the next one."""
    path = begun(home)
    number = path.stat().st_ino
    for seed in range(2, 12):
        path.unlink()
        Claude(seed=seed).user(correction(seed + 10)).to(path)
        home.harvest()
    home.remark("the same inode" if path.stat().st_ino == number else "other inodes")
    home.has("kettle1", "samovar2", *(f"kettle{seed + 10}" for seed in range(2, 12)))


@case
def a_rebuild_of_one_source_leaves_the_others_alone(home):
    begun(home)
    other = Pi().user(correction(3)).to(home.source("pi") / "a.jsonl")
    home.harvest()
    report, before = home.report().text, home.dump()
    home.harvest("--rebuild", sources=home.sources[:1])
    expect(home.dump() == before, "another dump")
    home.reads(0)
    expect(home.report().text == report, "another report")
    home.harvest("--rebuild", sources=[f"pi:{other}"])
    expect(home.dump() == before, "another dump")


@case
def a_rebuild_that_cannot_read_a_file_keeps_what_came_from_it(home):
    path = begun(home)
    bad = Claude(seed=2).user(correction(3)).to(path.with_name("b.jsonl"))
    home.harvest()
    before = home.dump()
    expect(home.run(*home.failing(bad), *home.command("--rebuild")).code == 74, "no word of it")
    home.has("kettle1", "samovar2", "kettle3")
    home.harvest("--rebuild")
    expect(home.dump() == before, "another dump")


@case
def a_harvest_that_cannot_read_a_file_keeps_what_came_from_it(home):
    path = begun(home)
    append(path, Claude(seed=2).user(correction(3)).bytes)
    expect(home.run(*home.failing(path), *home.command()).code == 74, "no word of it")
    home.has("kettle1", "samovar2").reads(1).has("kettle1", "samovar2", "kettle3")
    home.same_as_at_once(home.report())
