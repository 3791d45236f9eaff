"""One text to all of `to`, or to each of them by itself with an attachment: `single_smtplib.py FOLDER PORT`.

`single.json` in the folder has `to`, and `attachment`, the name of a file beside it, or null. With an attachment every
recipient gets a message of their own.
"""

from __future__ import annotations

import json
import smtplib
import sys
from email.message import EmailMessage
from pathlib import Path


def main() -> None:
    """Send what the folder says."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    letter = json.loads((folder / "single.json").read_text())
    groups = [letter["to"]] if letter["attachment"] is None else [[one] for one in letter["to"]]
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as server:
        for to in groups:
            message = EmailMessage()
            message["From"], message["Subject"] = "news@example.com", "News"
            message["To"] = to[0] if letter["attachment"] else "readers@example.com"
            message.set_content("See there.\n")
            if letter["attachment"]:
                content = (folder / letter["attachment"]).read_bytes()
                message.add_attachment(content, maintype="application", subtype="octet-stream", filename="a.bin")
            server.send_message(message, to_addrs=to)


if __name__ == "__main__":
    main()
