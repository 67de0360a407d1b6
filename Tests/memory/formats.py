"""What each program writes: every line is counted, and a person's words are told from what only looks so, once each."""
from collections import Counter

from case import expect
from home import case
from transcripts import START, Claude, Codex, OldCodex, Pi, chat, correction, decision, long_session

HUMAN = "kettle1", "samovar2"


def talk(writer):
    """A correction and a decision, with an answer each."""
    return writer.user(correction(1)).assistant("I see.").user(decision(2)).assistant("Noted.")


def counted(home, path, records, **noise):
    """The file has these records and this noise, and nothing else."""
    row = home.report().of(path)
    expect(row.records == records, f"records: {dict(row.records)}, not {records}; skipped {row.skipped}")
    wanted = {f"noise: {kind.replace('__', '/').replace('_', '-')}": number for kind, number in noise.items()}
    expect(row.skipped == wanted, f"skipped {dict(row.skipped)}, not {wanted}")
    expect(row.bytes == path.stat().st_size, f"at {row.bytes} of {path.stat().st_size}")
    return row


# ------------------------------------------------------------------ Claude Code

@case
def every_kind_of_line_of_Claude_Code_is_counted(home):
    writer = talk(Claude()).tool("ls", "cup\nsaucer\n").summary("About kettles").snapshot().system().system("local_command")
    for kind in "hook_progress", "bash_progress", "agent_progress", "waiting_for_task":
        writer.progress(kind)
    writer.queued("enqueue", "Please").queued("dequeue").attachment().state("last-prompt", lastPrompt="Hello")
    path = writer.to(home.source() / "-home-ann-kiln" / f"{writer.session}.jsonl")
    counted(home, path, {"user": 2, "assistant": 3, "tool result": 1, "summary": 1, "system": 2}, progress=4,
            file_history_snapshot=1, queue_operation=2, attachment=1, last_prompt=1)
    home.has(*HUMAN)


@case
def an_unknown_type_is_counted_and_is_no_error(home):
    """The set grew from 5 to more than 60 kinds in a year."""
    for format, writer in ("claude", Claude()), ("pi", Pi()), ("codex", Codex()):
        before = len(writer.lines)
        writer.add({"type": "kettle-whistle", "loud": True}).add({"type": "kettle-whistle"}).user(chat(1))
        path = writer.to(home.source(format) / "x.jsonl")
        done = home.harvest("--report", "--json")
        expect(not done.err, f"it is an error: {done.err}")
        row = home.report().of(path)
        expect(row.skipped["unknown: kettle-whistle"] == 2, f"{format}: skipped {row.skipped}")
        expect(row.lines == len(writer.lines) > before, f"{row.lines} lines")


@case
def a_message_of_Claude_Code_that_is_split_over_lines_is_read_whole(home):
    image = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    writer = Claude().user([{"type": "text", "text": chat(1)}, image])
    for part in "thinking", "text", "text":
        writer.assistant([{"type": part, part: "A part."}], id="msg_1")
    writer.user([{"type": "text", "text": correction(1)}]).user([{"type": "text", "text": decision(2)}])
    counted(home, writer.to(home.source() / "a.jsonl"), {"user": 3, "assistant": 3})
    home.has(*HUMAN)


@case
def what_a_person_answers_to_a_tool_are_his_words(home):
    """Claude Code writes it as the tool's result."""
    writer = Claude().tool("question", f'User has answered your questions: "Which?"="{decision(2)}". You can now continue.')
    writer.tool("rm", "The user doesn't want to proceed with this tool use. The tool use was rejected. To tell you how to "
                      f"proceed, the user said:\n{correction(1)}")
    writer.tool("cat log", f"cat: User has answered your questions: {correction(3)}")
    counted(home, writer.to(home.source() / "a.jsonl"), {"assistant": 3, "user's answer": 2, "tool result": 1})
    expect([text for text in home.texts() if "kettle1" in text], f"not his correction: {home.texts()}")
    expect(not [text for text in home.texts() if "kettle3" in text], f"a file's words are his: {home.texts()}")


@case
def what_a_subagent_is_told_are_no_human_words(home):
    top = talk(Claude())
    source = home.source()
    top.to(source / "p" / f"{top.session}.jsonl")
    talk(Claude(seed=2)).to(source / "q" / "plain.jsonl")  # the same words by a person: the same facts
    agent = Claude(agent="ab12", seed=3).user(correction(3)).assistant(decision(4))
    path = agent.to(source / "p" / top.session / "subagents" / "agent-ab12.jsonl")
    counted(home, path, {"subagent's prompt": 1, "assistant": 1})
    expect("kettle3" not in "".join(home.texts("correction")), "a correction by an agent")
    expect([text for text in home.texts() if "kettle1" in text], "what the person said is missing")


@case
def a_sidechain_within_a_session_is_no_human_either(home):
    writer = talk(Claude())
    writer.agent = "cd34"
    writer.user(correction(3)).assistant("Yes.")
    writer.agent = None
    writer.user(chat(5)).to(home.source() / "a.jsonl")
    home.harvest()
    expect("kettle3" not in "".join(home.texts("correction")), "a correction by an agent")


@case
def meta_lines_and_summaries_are_no_human_words(home):
    writer = talk(Claude()).meta(correction(3)).compacted("This session is being continued. " + correction(4))
    writer.summary(decision(5)).tool("cat notes", correction(6))
    writer.user(f"<local-command-stdout>{correction(7)}</local-command-stdout>")
    writer.user(f"<system-reminder>{correction(8)}</system-reminder>")
    writer.to(home.source() / "a.jsonl")
    home.harvest()
    for word in "kettle3 kettle4 samovar5 kettle6 kettle7 kettle8".split():
        expect(word not in "".join(home.texts("correction")), f"{word} is taken for a person's word")
    expect([text for text in home.texts("correction") if "kettle1" in text], "what the person said is missing")


# ------------------------------------------------------------------ pi and OpenClaw

@case
def every_kind_of_line_of_OpenClaw_is_counted(home):
    writer = talk(Pi()).model().thinking().custom(modelId="qwen3:8b").custom("openclaw:prompt-error", error="aborted")
    writer.tool("ls", "cup\n").compacted("## Goal").context("untrusted").entry("label", targetId="x", label="y")
    writer.entry("branch_summary", fromId="x", summary="s").entry("session_info", name="n")
    writer.message("bashExecution", command="ls", output="cup\n", exitCode=0, cancelled=False, truncated=False)
    path = writer.to(home.source("pi") / f"{writer.session}.jsonl")
    row = home.report().of(path)
    records = {"session": 1, "user": 2, "assistant": 3, "model_change": 1, "thinking_level_change": 1, "tool result": 1,
               "summary": 2, "label": 1, "session_info": 1, "other message": 1}
    expect(row.records == records, f"records: {dict(row.records)}, not {records}")
    noise = {f"noise: custom/{kind}": 1 for kind in ("model-snapshot", "openclaw:prompt-error", "openclaw.runtime-context")}
    expect(row.skipped == noise, f"skipped {dict(row.skipped)}, not {noise}")
    home.has(*HUMAN)


@case
def older_sessions_of_pi_without_ids_are_read(home):
    writer = Pi(version=1)
    for record in ({"role": "user", "content": [{"type": "text", "text": correction(1)}]},
                   {"role": "user", "content": decision(2)}):
        writer.add({"type": "message", "timestamp": writer.now(), "message": {**record, "timestamp": writer.at * 1000}})
    counted(home, writer.to(home.source("pi") / "a.jsonl"), {"session": 1, "user": 2})
    home.has(*HUMAN)


@case
def a_delivery_mirror_is_not_harvested_as_what_a_model_said(home):
    writer = talk(Pi())
    for model in "delivery-mirror", "gateway-injected":
        writer.mirror(decision(3), model)
    writer.assistant("Decision: the samovar4 stays.")
    path = writer.to(home.source("pi") / "a.jsonl")
    counted(home, path, {"session": 1, "user": 2, "assistant": 3, "mirror": 2})
    expect("samovar3" not in "".join(home.texts()), "a mirror has become a fact")


@case
def a_prompt_that_is_repeated_for_fallback_models_is_one_fact(home):
    writer = Pi()
    for model in "qwen3:8b", "gemma3", "phi4":
        writer.model(model).user(correction(1))
        for _ in range(4):
            writer.failed(model=model)
    path = writer.user(decision(2)).assistant("Noted.").to(home.source("pi") / "a.jsonl")
    counted(home, path, {"session": 1, "model_change": 3, "user": 4, "failed attempt": 12, "assistant": 1})
    home.has(*HUMAN)
    expect(len(home.fact("kettle1")["sources"]) >= 1, "it has no source")


@case
def the_branches_of_a_tree_are_all_read(home):
    """What was said on a branch that was left was said all the same."""
    writer = Pi().user(chat(1)).assistant("Short.")
    fork = writer.leaf
    writer.user(correction(1)).assistant("I see.").branched(fork).user(decision(2)).assistant("Noted.")
    writer.to(home.source("pi") / "a.jsonl")
    home.harvest()
    home.has(*HUMAN)


@case
def archives_of_OpenClaw_are_read_and_compressed_ones_are_named(home):
    source = home.source("pi")
    Pi().user(correction(1)).to(source / "a.jsonl.reset.2026-03-01T10-00-00.000Z")
    Pi(seed=2).user(decision(2)).to(source / "b.jsonl.deleted.2026-03-01T10-00-00.000Z")
    for name in "c.jsonl.deleted.2026-03-01T10-00-00.000Z.zst", "sessions.json", "a.jsonl.lock", "a.jsonl.bak", "a.txt":
        Pi(seed=3).user(correction(3)).to(source / name)
    done = home.harvest("-v")
    expect(b".zst" in done.err, f"it does not name the compressed one: {done.err}")
    home.has(*HUMAN)


# ------------------------------------------------------------------ Codex

@case
def every_kind_of_line_of_Codex_is_counted_and_a_doubled_message_is_one_fact(home):
    writer = Codex().environment().turn()
    talk(writer).reasoned().tokens().tool("ls", "cup\n").aborted()
    writer.envelope("compacted", message="## Goal").envelope("world_state", cwd="/")
    writer.envelope("event_msg", type="task_started")
    path = writer.to(home.source("codex") / "2026/03/01" / "rollout-2026-03-01T09-00-00-x.jsonl")
    row = home.report().of(path)
    records = {"session": 1, "user": 3, "assistant": 2, "turn_context": 1, "reasoning": 1, "function_call": 1,
               "function_call_output": 1, "summary": 1}
    expect(row.records == records, f"records: {dict(row.records)}, not {records}")
    events = Counter("agent_reasoning token_count turn_aborted task_started user_message agent_message".split())
    events += Counter(["user_message", "agent_message"])
    noise = {f"noise: event_msg/{kind}": number for kind, number in events.items()} | {"noise: world_state": 1}
    expect(row.skipped == noise, f"skipped {dict(row.skipped)}, not {dict(noise)}")
    home.has(*HUMAN)


@case
def Codex_before_it_had_envelopes_is_read(home):
    writer = talk(OldCodex()).state().tool("ls", "cup\n")
    path = writer.to(home.source("codex") / "2025/08/01" / "rollout-2025-08-01T09-00-00-x.jsonl")
    counted(home, path, {"session": 1, "user": 2, "assistant": 2, "function_call": 1, "function_call_output": 1}, state=1)
    home.has(*HUMAN)


@case
def the_environment_that_Codex_tells_its_model_are_no_human_words(home):
    writer = Codex().item("user", f"<environment_context>\n{correction(3)}\n</environment_context>")
    writer.item("user", f"<user_instructions>\n{decision(4)}\n</user_instructions>")
    talk(writer).to(home.source("codex") / "a.jsonl")
    home.harvest()
    home.has(*HUMAN)


# ------------------------------------------------------------------ of all

@case
def a_fact_has_its_source_its_line_and_its_time(home):
    for format, writer in ("claude", Claude()), ("pi", Pi()), ("codex", Codex()):
        number = {"claude": 1, "pi": 2, "codex": 3}[format]
        writer.user(chat(1)).assistant("Größe: 🫖").user(correction(number))
        path = writer.to(home.source(format, agent=f"of-{format}") / "a.jsonl")
        home.harvest()
        fact = home.fact(f"kettle{number}")
        source = fact["sources"][0]
        with path.open("rb") as file:
            file.seek(source["offset"])
            line = file.readline()
        expect(f"kettle{number}".encode() in line, f"{format}: at {source} stands {line[:200]}")
        expect(path.read_bytes()[:source["offset"]].count(b"\n") + 1 == source["line"], f"another line: {source}")
        expect(source["file"] == str(path), f"another file: {source}")
        expect(fact["time"].startswith("2026-03-01T09:00:"), f"another time: {fact['time']}")
        expect(fact["agent"] == f"of-{format}", f"another agent: {fact['agent']}")


@case
def the_dump_does_not_depend_on_the_order_in_which_files_came(home):
    formats = "claude", "pi", "codex"
    writers = {f"{format}{seed}": (format, long_session(format, seed)) for format in formats for seed in (1, 2)}
    earlier = Claude(seed=9, at=START - 10_000).user(correction(1)).each("user", map(decision, range(1000, 1040)))
    writers["claude9"] = "claude", earlier
    sources = {format: home.source(format) for format in formats}
    for name in sorted(writers, reverse=True):
        format, writer = writers[name]
        writer.to(sources[format] / f"{name}.jsonl")
        home.harvest()
    home.same_as_at_once(home.report())
    expect(len(home.texts()) > 40, f"{len(home.texts())} facts")


@case
def the_same_words_in_two_sessions_are_one_fact_with_two_sources(home):
    source = home.source()
    first, second = (talk(Claude(seed=seed)).to(source / f"{seed}.jsonl") for seed in (1, 2))
    home.harvest()
    home.has(*HUMAN)
    expect(home.files_of("kettle1") == [str(first), str(second)], f"sources: {home.fact('kettle1')}")
