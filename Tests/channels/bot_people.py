"""What people do to bots: they write, answer, and press buttons."""
import time


class People:
    """The part of a BotAPI by which updates come to its bots."""

    def brings(self, *updates, token=None):
        """These come to a bot, each with the next ID where it has none."""
        with self.changed:
            for update in updates:
                self.last_update += 1
                if isinstance(update, dict):
                    update = {"update_id": self.last_update, **update}
                    self.brought[update["update_id"]] = update
                self.waiting[token or self.tokens[0]].append(update)
            self.changed.notify_all()
            return self.last_update

    def brings_again(self, number, token=None):
        """An update comes once more, though it was taken."""
        with self.changed:
            self.waiting[token or self.tokens[0]].append(self.brought[number])
            self.changed.notify_all()

    def message(self, who=4711, **content):
        """A message that somebody has written in his chat, as an update has it."""
        self.last_incoming += 1
        names = "first_name", "last_name", "username", "type", "title"
        sender = {"first_name": "Ann", **{name: content.pop(name) for name in names if name in content}}
        return {"message_id": self.last_incoming, "date": int(time.time()),
                "from": {"id": who, "is_bot": False, **sender},
                "chat": {"id": who, "type": "private", **sender}, **content}

    def writes(self, text, chat=4711, token=None, **who):
        """Somebody writes to the bot."""
        return self.brings({"message": self.message(chat, text=text, **who)}, token=token)

    def clicks(self, data, chat=4711, token=None, **more):
        """Somebody presses a button under a message."""
        self.last_incoming += 1
        message = {"message_id": self.last_incoming, "date": 1_700_000_000, "text": "Well?",
                   "chat": {"id": chat, "type": "private"}}
        click = {"id": f"click{self.last_incoming}", "from": {"id": chat, "is_bot": False, "first_name": "Ann"},
                 "data": data, "chat_instance": "1", "message": message, **more}
        return self.brings({"callback_query": click}, token=token)

    def presses(self, shown, button, who=None, **more):
        """Somebody presses a button under a message that he sees, or saw before it was changed. `button` is its label; what
        it sends where it has none any more."""
        data = {label: data for label, data in shown.buttons}.get(button, button)
        return self.clicks(data, who or shown.chat, token=shown.token, message=shown.fields, **more)

    def replies(self, shown, text, who=None, **more):
        """Somebody answers a message that he sees."""
        place = {"id": shown.chat, "type": shown.kind}
        return self.brings({"message": self.message(who or shown.chat, text=text, chat=place, reply_to_message=shown.fields,
                                                    **more)}, token=shown.token)
