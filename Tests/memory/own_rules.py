"""A user's own rules, and --explain, which shows what they find and writes nothing."""
import json

from case import expect
from harvesting import tree
from home import case, failed
from transcripts import Claude, Codex, Pi, chat, correction, decision

PLACEHOLDER = ""
