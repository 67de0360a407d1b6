"""What the cases of answers by mail share: who has mail, whose mail is vouched for, and what comes in and goes out."""
from email import message_from_bytes
from email.policy import default as modern
from email.utils import formatdate

from case import expect
from home import until

ME, ANN, STRANGER = "me@example.org", "ann@example.net", "nobody@example.com"
OURS = "mx.example.org"
STORES = "#!/bin/sh\nmkdir -p ~/mails\ncat >~/mails/$$.tmp && mv ~/mails/$$.tmp ~/mails/$(date +%s%N).$$\n"
CONFIG = f"Email-Reply-To: spindle@example.org\nEmail-Authentication: Authentication-Results {OURS}\n"


def post(home, config=CONFIG):
    """A mail system that stores, people who have mail, and a mail system of ours that vouches."""
    home.furnish()
    program = home.home / "sendmail"
    program.write_text(STORES)
    program.chmod(0o755)
    home.settings["SENDMAIL"] = str(program)
    (home.spool / "config").write_text(config)
    for name, address in ("me", ME), ("ann", ANN):
        (home.spool / "people" / name).write_text(f"Email: {address}\n")
    return home


def mails(home, to=None):
    """What was sent, in its order. What approve has begun to send is over first."""
    until(lambda: not home.names("deliveries", "new") and not home.names("deliveries", "run"), "all was tried")
    home.recover()
    found = [message_from_bytes(path.read_bytes(), policy=modern) for path in sorted((home.home / "mails").glob("*"))]
    return [mail for mail in found if to in (None, mail["To"])]


def vouched(sender, result="dmarc=pass", server=OURS):
    return f"Authentication-Results: {server}; {result} header.from={sender.partition('@')[2]}"


def answer(home, question, text="yes\n", sender=ME, auth=None, to=None, code=0, number=1, headers=()):
    """A mail comes in."""
    lines = [vouched(sender) if auth is None else auth, f"From: Somebody <{sender}>",
             f"To: {to or f'spindle+{question.id}@example.org'}", "Subject: Re: Approve? Brief",
             f"Message-ID: <answer-{number}@{sender.partition('@')[2]}>", *headers]
    if not any(line and line.startswith("Date:") for line in lines):
        lines.append(f"Date: {formatdate()}")
    done = home.run("approve", "--from-mail", stdin="\n".join([*filter(None, lines), "", text]).encode())
    expect(done.code == code, f"exit {done.code}, not {code}: {done.out} {done.err}")
    return done


def asks(home, *options, config=CONFIG, to="me"):
    return post(home, config).ask("--subject", "Brief", *options, to=to).leave()
