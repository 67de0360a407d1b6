"""Transcripts as the programs write them: Claude Code, pi and OpenClaw, both generations of Codex. All text is made up.

A writer keeps its ids, its tree and its clock: the same calls give the same bytes."""
import json
import random
import time
import uuid

START = 1_772_355_600  # 2026-03-01T09:00:00Z


# ------------------------------------------------------------------ what people say; each number is another fact

def correction(number):
    return f"You forgot the kettle{number}."


def decision(number):
    return f"We decided to keep the samovar{number} in the cellar."


def chat(number):
    """Of no consequence."""
    return f"Please read page {number} and tell me how long it is."


class Writer:
    """Lines, one a record; each method gives the writer back."""

    def __init__(self, cwd="/home/ann/kiln", seed=1, at=START):
        self.dice, self.cwd, self.at, self.lines = random.Random(seed), cwd, at, []
        self.session = self.uuid()

    def uuid(self):
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def short(self):
        return f"{self.dice.getrandbits(32):08x}"

    def now(self, milliseconds=123):
        """Seven seconds later than what was said last."""
        self.at += 7
        return self.again(milliseconds)

    def again(self, milliseconds=123):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.at)) + f".{milliseconds:03}Z"

    def add(self, record):
        return self.raw(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def raw(self, line):
        """Bytes that no program would write, or not yet."""
        self.lines.append(line)
        return self

    def each(self, method, words):
        for word in words:
            getattr(self, method)(word)
        return self

    @property
    def bytes(self):
        return b"".join(self.lines)

    def to(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.bytes)
        return path


class Claude(Writer):
    """~/.claude/projects/SLUG/UUID.jsonl; with `agent`, a subagent's file, whose user is the agent that sent it."""

    def __init__(self, agent=None, **how):
        super().__init__(**how)
        self.agent, self.parent = agent, None

    def common(self, type, **more):
        record = {"parentUuid": self.parent, "isSidechain": bool(self.agent), "userType": "external", "cwd": self.cwd,
                  "sessionId": self.session, "version": "2.1.7", "gitBranch": "main", "type": type, **more,
                  "uuid": self.uuid(), "timestamp": self.now()}
        if self.agent:
            record["agentId"] = self.agent
        self.parent = record["uuid"]
        return self.add(record)

    def user(self, content, **more):
        return self.common("user", message={"role": "user", "content": content}, **more)

    def assistant(self, text, id=None, **more):
        content = [{"type": "text", "text": text}] if isinstance(text, str) else text
        message = {"id": id or f"msg_{self.short()}", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
                   "content": content, "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 12}}
        return self.common("assistant", message=message, requestId=f"req_{self.short()}", **more)

    def tool(self, command, output):
        """A call and its result, which the program writes as a user's line."""
        id = f"toolu_{self.short()}"
        self.assistant([{"type": "tool_use", "id": id, "name": "Bash", "input": {"command": command}}])
        return self.user([{"tool_use_id": id, "type": "tool_result", "content": output}], toolUseResult={"stdout": output})

    def meta(self, text):
        return self.user(text, isMeta=True)

    def compacted(self, text):
        self.common("system", subtype="compact_boundary", content="Conversation compacted",
                    compactMetadata={"trigger": "auto", "preTokens": 155_000})
        return self.user(text, isCompactSummary=True, isVisibleInTranscriptOnly=True)

    def progress(self, kind="hook_progress"):
        return self.common("progress", data={"type": kind, "hookName": "PostToolUse"}, toolUseID=f"toolu_{self.short()}")

    def system(self, subtype="turn_duration", **more):
        return self.common("system", subtype=subtype, durationMs=1200, **more)

    def summary(self, text):
        return self.add({"type": "summary", "summary": text, "leafUuid": self.uuid()})

    def snapshot(self):
        return self.add({"type": "file-history-snapshot", "messageId": self.uuid(), "isSnapshotUpdate": False,
                         "snapshot": {"messageId": self.uuid(), "trackedFileBackups": {}, "timestamp": self.now()}})

    def queued(self, operation, content=None):
        record = {"type": "queue-operation", "operation": operation, "timestamp": self.now(), "sessionId": self.session}
        return self.add(record | ({"content": content} if content else {}))

    def attachment(self, kind="task_reminder"):
        return self.common("attachment", attachment={"type": kind, "content": []})

    def state(self, type, **more):
        return self.add({"type": type, "sessionId": self.session, **more})


class Pi(Writer):
    """~/.openclaw/agents/ID/sessions/UUID.jsonl and pi's own: version 3, whose ids form a tree."""

    def __init__(self, version=3, **how):
        super().__init__(**how)
        self.leaf = None
        self.add({"type": "session", "version": version, "id": self.session, "timestamp": self.now(), "cwd": self.cwd})

    def entry(self, type, **more):
        id = self.short()
        self.add({"type": type, "id": id, "parentId": self.leaf, "timestamp": self.now(), **more})
        self.leaf = id
        return self

    def message(self, role, **more):
        return self.entry("message", message={"role": role, **more, "timestamp": self.at * 1000})

    def user(self, text):
        return self.message("user", content=[{"type": "text", "text": text}])

    def assistant(self, text, provider="ollama", model="qwen3:8b", stop="stop", **more):
        content = ([{"type": "text", "text": text}] if text else []) if isinstance(text, str) else text
        usage = {"input": 120, "output": 9, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 129,
                 "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": 0}}
        return self.message("assistant", content=content, api="openai", provider=provider, model=model, usage=usage,
                            stopReason=stop, **more)

    def failed(self, **how):
        return self.assistant("", stop="error", errorMessage="fetch failed", **how)

    def mirror(self, text, model="delivery-mirror"):
        """What the gateway has sent to a person, noted as if a model had said it."""
        return self.assistant(text, provider="openclaw", model=model)

    def tool(self, command, output):
        id = f"call_{self.short()}"
        self.assistant([{"type": "toolCall", "id": id, "name": "bash", "arguments": {"command": command}}], stop="toolUse")
        return self.message("toolResult", toolCallId=id, toolName="bash", content=[{"type": "text", "text": output}],
                            details={}, isError=False)

    def model(self, name="qwen3:8b"):
        return self.entry("model_change", provider="ollama", modelId=name)

    def thinking(self, level="off"):
        return self.entry("thinking_level_change", thinkingLevel=level)

    def custom(self, kind="model-snapshot", **data):
        return self.entry("custom", customType=kind, data=data)

    def context(self, text):
        return self.entry("custom_message", customType="openclaw.runtime-context", content=text, display=False, details={})

    def compacted(self, text):
        return self.entry("compaction", summary=text, firstKeptEntryId=self.leaf, tokensBefore=0, details={}, fromHook=True)

    def branched(self, leaf):
        """Back to an earlier entry: what follows is another branch."""
        self.leaf = leaf
        return self


class Codex(Writer):
    """~/.codex/sessions/YYYY/MM/DD/rollout-TS-UUID.jsonl: each message stands there twice, as an item and as an event."""

    def __init__(self, **how):
        super().__init__(**how)
        self.envelope("session_meta", id=self.session, timestamp=self.again(), cwd=self.cwd, originator="codex_cli_rs",
                      cli_version="0.40.0", instructions=None, git={"branch": "main"})

    def envelope(self, type, /, **payload):
        return self.add({"timestamp": self.now(), "type": type, "payload": payload})

    def at_once(self, type, /, **payload):
        return self.add({"timestamp": self.again(), "type": type, "payload": payload})

    def item(self, role, text):
        kind = "output_text" if role == "assistant" else "input_text"
        return self.envelope("response_item", type="message", role=role, content=[{"type": kind, "text": text}])

    def user(self, text):
        return self.item("user", text).at_once("event_msg", type="user_message", message=text, kind="plain")

    def assistant(self, text):
        self.envelope("event_msg", type="agent_message", message=text)
        content = [{"type": "output_text", "text": text}]
        return self.at_once("response_item", type="message", role="assistant", content=content)

    def environment(self):
        return self.item("user", f"<environment_context>\n  <cwd>{self.cwd}</cwd>\n</environment_context>")

    def turn(self):
        return self.envelope("turn_context", cwd=self.cwd, approval_policy="never", sandbox_policy={"mode": "read-only"},
                             model="gpt-5-codex", effort="high", summary="auto")

    def reasoned(self):
        self.envelope("event_msg", type="agent_reasoning", text="**Looking at the kettle**")
        return self.envelope("response_item", type="reasoning", summary=[], content=None, encrypted_content="gAAAA")

    def tokens(self):
        return self.envelope("event_msg", type="token_count", info=None, rate_limits={})

    def tool(self, command, output):
        id = f"call_{self.short()}"
        self.envelope("response_item", type="function_call", name="shell", call_id=id,
                      arguments=json.dumps({"command": ["bash", "-lc", command]}))
        output = json.dumps({"output": output})
        return self.envelope("response_item", type="function_call_output", call_id=id, output=output)

    def aborted(self):
        return self.envelope("event_msg", type="turn_aborted", reason="interrupted")


class OldCodex(Writer):
    """Codex before 0.4x: bare objects."""

    def __init__(self, **how):
        super().__init__(**how)
        self.add({"id": self.session, "timestamp": self.now(), "instructions": None, "git": {"branch": "main"}})

    def message(self, role, text):
        kind = "output_text" if role == "assistant" else "input_text"
        return self.add({"type": "message", "id": None, "role": role, "content": [{"type": kind, "text": text}]})

    def user(self, text):
        return self.message("user", text)

    def assistant(self, text):
        return self.message("assistant", text)

    def state(self):
        return self.add({"record_type": "state"})

    def tool(self, command, output):
        id = f"call_{self.short()}"
        self.add({"type": "function_call", "id": None, "name": "shell", "call_id": id,
                  "arguments": json.dumps({"command": ["bash", "-lc", command]})})
        return self.add({"type": "function_call_output", "call_id": id, "output": json.dumps({"output": output})})


WRITERS = {"claude": Claude, "pi": Pi, "codex": Codex}


def long_session(format, seed=1, turns=40):
    """Facts, talk, tools and noise, in random order: the same for the same seed."""
    dice, writer = random.Random(seed), WRITERS[format](seed=seed, cwd=f"/home/ann/project{seed}")
    for turn in range(turns):
        number = seed * 1000 + turn
        said = dice.choice([correction, decision, chat, chat])(number)
        writer.user(said + dice.choice(["", " Größe: 5 €.", " 🫖 And mind the lid.", "\nSecond line."]))
        if dice.random() < 0.5:
            writer.tool(f"ls room{number}", "cup\nsaucer\n" * dice.randrange(1, 40))
        if format == "claude" and dice.random() < 0.6:
            writer.progress().snapshot()
        if format == "codex":
            writer.turn().reasoned().tokens()
        if format == "pi" and dice.random() < 0.3:
            writer.failed()
        writer.assistant(f"Page {number} is long.")
    return writer
