"""Telegram's HTML, as its Bot API reads it."""
import re

TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "span", "tg-spoiler", "tg-emoji",
        "blockquote"}
ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class Unparsable(Exception):
    """Telegram's words for markup that is none."""


def visible(text, parse_mode=None):
    """What a reader sees of a text. HTML is read as Telegram reads it: few tags, each closed in its turn, four named
    entities; what looks like another entity is text."""
    if (parse_mode or "").lower() != "html":
        return text
    seen, open_tags, place = [], [], 0
    for found in re.finditer(r"<(?P<tag>[^>]*)(?P<end>>?)|&(?:#(?P<number>x[0-9a-fA-F]+|\d+)|(?P<name>[a-z]+));?", text):
        at = len(text[:found.start()].encode())
        seen.append(text[place:found.start()])
        place = found.end()
        if found["tag"] is None:
            seen.append(entity(found))
            continue
        closes, name = found["tag"].startswith("/"), (found["tag"].strip("/").split() or [""])[0].lower()
        if not found["end"]:
            raise Unparsable(f"Unclosed {'end' if closes else 'start'} tag at byte offset {at}")
        if closes:
            if not open_tags:
                raise Unparsable(f"Unexpected end tag at byte offset {at}")
            expected = open_tags.pop()
            if name not in ("", expected):
                raise Unparsable(f'Unmatched end tag at byte offset {at}, expected "</{expected}>", found "</{name}>"')
        elif name not in TAGS:
            raise Unparsable(f'Unsupported start tag "{name}" at byte offset {at}')
        else:
            open_tags.append(name)
    if open_tags:
        raise Unparsable(f'Can\'t find end tag corresponding to start tag "{open_tags[-1]}"')
    return "".join(seen) + text[place:]


def entity(found):
    """The character that an entity stands for; what is none stands for itself."""
    try:
        if found["number"]:
            return chr(int(found["number"].lstrip("x"), 16 if found["number"][0] == "x" else 10))
    except (ValueError, OverflowError):
        return found[0]
    return ENTITIES.get(found["name"], found[0])
