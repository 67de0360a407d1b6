"""Notion, so far as anybody here asks it something: one database with one data source, as of Notion-Version 2025-09-03.

What it refuses by itself, in its own words: a token that it does not know, no version, JSON that is none, what does not fit the
database, and what is not there. Everything else a case plans, by method and path: `POST pages`, or `PATCH pages` for any page."""
import json
import time
import uuid

from servers import Answer, Recorder, json_answer

TOKEN = "ntn_" + "a1B2" * 11
DATABASE = "897e5a76ae524b489fdfe71f5945d1af"
SOURCE = "c174b72c-d782-432f-8dc0-b647e1c96df6"
VERSION = "2025-09-03"


def refusal(status, code, words, **headers):
    return json_answer({"object": "error", "status": status, "code": code, "message": words, "request_id": str(uuid.uuid4())},
                       status, headers=headers)


RATE_LIMITED = refusal(429, "rate_limited", "You have been rate limited. Please try again in a few minutes.", **{"Retry-After": "7"})
UNAVAILABLE = refusal(503, "service_unavailable", "Notion is unavailable, please try again later.")
CONFLICT = refusal(409, "conflict_error", "Conflict occurred while saving. Please try again.")
RESTRICTED = refusal(403, "restricted_resource", "API token does not have access to this resource.")
BAD_GATEWAY = Answer(502, b"<html><body>502 Bad Gateway</body></html>", "text/html")


class Notion(Recorder):
    """A plan is kept by what is asked, without an ID."""

    def __init__(self, key="Slug", sources=1):
        self.key, self.pages = key, {}
        self.sources = [{"id": SOURCE, "name": "Posts"}, {"id": str(uuid.uuid4()), "name": "Old posts"}][:sources]
        super().__init__()

    def answer(self, what, *answers):
        self.plans.answer(what, *answers)

    def always(self, what, answer):
        self.plans.always(what, answer)

    @property
    def shown(self):
        """What a person sees of the database: the title of each page by its key."""
        return {page["properties"][self.key]: page["properties"]["title"] for page in self.pages.values() if not page["in_trash"]}

    @property
    def asked(self):
        return [f"{request.method} {'/'.join(request.path.split('/')[2:3])}" for request in self.requests]

    def decide(self, request):
        path = request.path.strip("/").split("/")
        planned = self.plans.take(f"{request.method} {path[1]}", None)
        if planned and not planned.taken:
            return planned
        done = self.do(request, path)
        return planned or done

    def do(self, request, path):
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return refusal(401, "unauthorized", "API token is invalid.")
        if request.headers["Notion-Version"] != VERSION:
            return refusal(400, "missing_version", "Notion-Version header failed validation.")
        body = None
        if request.method == "GET" and (request.headers["Content-Type"] or request.headers["Content-Length"]):
            return refusal(400, "invalid_request", "A GET has no body.")
        if request.method != "GET":
            try:
                body = json.loads(request.body)
            except ValueError:
                return refusal(400, "invalid_json", "Error parsing JSON body.")
        match request.method, path:
            case "GET", ["v1", "databases", id]:
                if id.replace("-", "") != DATABASE:
                    return refusal(404, "object_not_found", f"Could not find database with ID: {id}. Make sure the relevant pages and "
                                                            "databases are shared with your integration.")
                return json_answer({"object": "database", "id": id, "data_sources": self.sources})
            case "POST", ["v1", "data_sources", id, "query"]:
                return self.query(id, body)
            case "POST", ["v1", "pages"]:
                return self.create(body)
            case "PATCH", ["v1", "pages", id]:
                return self.update(id, body)
        return refusal(400, "invalid_request_url", "Invalid request URL.")

    def query(self, id, body):
        wanted = body["filter"]
        if id != SOURCE:
            return refusal(404, "object_not_found", f"Could not find data source with ID: {id}.")
        if wanted["property"] != self.key:
            return refusal(400, "validation_error", f"Could not find property with name or id: {wanted['property']}")
        found = [page for page in self.pages.values()
                 if page["properties"][self.key] == wanted["rich_text"]["equals"] and not page["in_trash"]]
        return json_answer({"object": "list", "results": found[:body["page_size"]], "next_cursor": None, "has_more": False})

    def properties(self, given):
        """As they are kept: the text alone. None where they do not fit the database."""
        kept = {}
        for name, value in given.items():
            kind = {"title": "title", self.key: "rich_text"}.get(name)
            if kind is None or list(value) != [kind]:
                return None
            kept[name] = "".join(piece["text"]["content"] for piece in value[kind])
            if len(kept[name]) > 2000:
                return None
        return kept

    def create(self, body):
        properties = self.properties(body["properties"])
        if body["parent"] != {"type": "data_source_id", "data_source_id": SOURCE} or properties is None:
            return refusal(400, "validation_error", "body failed validation.")
        id = str(uuid.uuid4())
        text = "".join(piece["text"]["content"] for block in body.get("children", []) for piece in block["paragraph"]["rich_text"])
        # Notion's times have no seconds.
        self.pages[id] = {"object": "page", "id": id, "created_time": time.strftime("%Y-%m-%dT%H:%M:00.000Z", time.gmtime()),
                          "in_trash": False, "properties": properties, "text": text}
        return json_answer(self.pages[id])

    def update(self, id, body):
        if id not in self.pages:
            return refusal(404, "object_not_found", f"Could not find page with ID: {id}.")
        properties = self.properties(body.get("properties", {}))
        if properties is None or not isinstance(body.get("in_trash", False), bool):
            return refusal(400, "validation_error", "body failed validation.")
        self.pages[id]["properties"] |= properties
        self.pages[id]["in_trash"] = body.get("in_trash", self.pages[id]["in_trash"])
        return json_answer(self.pages[id])
