"""What a browser sends to a server and keeps of its replies, without a browser."""

import json


def send(server, page, *actions, known=None):
    """Send a parcel for a page, None for one that was just loaded; returns the page and the reply."""
    known = {"page": page and page.token, **(known or {})}
    reply = server.answer({"actions": list(actions), "known": known})
    return server.pages.find(reply["page"]), reply


def example(server, number=1):
    """A page that has opened the example of a cup."""
    page, reply = send(server, None, {"number": number, "kind": "example", "index": 3})
    assert reply["picture"]["width"] == 600
    return page


class Browser:
    """Keeps what the page keeps of the replies."""

    def __init__(self, server, **introduced):
        self.server, self.introduced = server, introduced
        self.page, self.number = None, 0
        self.picture = self.reply = None
        self.session, self.objects = {}, {}

    def do(self, *actions):
        numbered = []
        for action in actions:
            self.number += 1
            numbered.append(
                {"number": self.number, "picture": self.picture and self.picture["token"], **action}
            )
        known = {"page": self.page, "picture": self.picture and self.picture["token"], "reply": self.reply}
        known |= self.introduced
        reply = json.loads(json.dumps(self.server.answer({"actions": numbered, "known": known})))
        assert reply["session"]["picture"] == (reply.get("picture") or self.picture or {}).get("token")
        if "picture" in reply:
            self.picture, self.objects = reply["picture"], {}
        self.page, self.reply = reply["page"], reply["reply"]
        self.session |= {name: value for name, value in reply["session"].items() if name != "objects"}
        for described in reply["session"]["objects"]:
            before = self.objects.get(described["id"], {})
            stored = {**before.get("stored", {}), **described.get("stored", {})}
            self.objects[described["id"]] = {**before, **described, "stored": stored}
        return reply

    def portable(self):
        size = [self.picture["height"], self.picture["width"]]
        return {**self.session, "size": size, "objects": [self.objects[id] for id in self.session["order"]]}

    @property
    def document(self):
        return self.server.pages.find(self.page).session.document


def click(x, y, positive=True):
    return {"kind": "click", "x": x, "y": y, "positive": positive}
