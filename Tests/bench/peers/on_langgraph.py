"""The pipeline theme on LangGraph and its SQLite checkpointer.

    on_langgraph.py DATABASE DURABILITY row COUNT END...       a row of COUNT steps
    on_langgraph.py DATABASE DURABILITY stop COUNT END...      dies in the step after COUNT others, whose command is END
    on_langgraph.py DATABASE DURABILITY resume COUNT END...    goes on with that, and dies in the same step
    on_langgraph.py DATABASE DURABILITY answer COUNT FIFO END...     COUNT times: waits for an answer, runs END
    on_langgraph.py DATABASE DURABILITY crowd COUNT            `open` when so many wait, `done` after a line of stdin

A row is one node that leads back to itself: with a node for each step, a checkpoint would grow with the row.
"""
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from work import TRUE, Stamps, leave, row, run, tell

STOPPED = "stopped"
# For who waits to be at rest.
MOMENT = 0.03


class State(TypedDict):
    done: int
    out: str


def in_a_row(saver, commands):
    graph = StateGraph(State)
    graph.add_node("step", lambda state: {"out": run(commands[state["done"]]), "done": state["done"] + 1})
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda state: "step" if state["done"] < len(commands) else END)
    return graph.compile(checkpointer=saver)


def waiting(saver, command):
    graph = StateGraph(State)
    graph.add_node("gate", lambda state: {"out": interrupt("Pay 12.50 to the baker?")})
    graph.add_node("after", lambda state: {"out": run(command)})
    graph.add_edge(START, "gate")
    graph.add_edge("gate", "after")
    graph.add_edge("after", END)
    return graph.compile(checkpointer=saver)


def config(thread=None, steps=0):
    return {"configurable": {"thread_id": thread or uuid.uuid4().hex}, "recursion_limit": steps + 10}


def answer(graph, durability, count, stamps):
    for _ in range(count):
        thread = config()
        graph.invoke({"done": 0}, thread, durability=durability)
        time.sleep(MOMENT)
        start = time.monotonic_ns()
        graph.invoke(Command(resume="yes"), thread, durability=durability)
        stamps.add(start)
    stamps.print()


def crowd(graph, durability, count):
    threads = [config() for _ in range(count)]
    for thread in threads:
        graph.invoke({"done": 0}, thread, durability=durability)
    tell("open")
    sys.stdin.readline()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda thread: graph.invoke(Command(resume="yes"), thread, durability=durability), threads))
    tell("done")


def main():
    database, durability, verb, count, *words = sys.argv[1:]
    count = int(count)
    with SqliteSaver.from_conn_string(database) as saver:
        if verb == "row":
            in_a_row(saver, row(count, words)).invoke({"done": 0}, config(steps=count), durability=durability)
        elif verb in ("stop", "resume"):
            graph = in_a_row(saver, [*[TRUE] * count, words])
            graph.invoke({"done": 0} if verb == "stop" else None, config(STOPPED, count), durability=durability)
        elif verb == "answer":
            answer(waiting(saver, words[1:]), durability, count, Stamps(words[0]))
        elif verb == "crowd":
            crowd(waiting(saver, TRUE), durability, count)
        leave()


main()
