"""EHLO answers of the lab's servers, before and after STARTTLS: ehlo.py PORT[s] ... (s: implicit TLS)"""

import smtplib
import ssl
import sys

c = ssl._create_unverified_context()


def show(what, s):
    print(f"{what}: " + " | ".join(s.ehlo()[1].decode().split("\n")))


for a in sys.argv[1:]:
    p = int(a.rstrip("s"))
    s = (
        smtplib.SMTP_SSL("127.0.0.1", p, context=c, timeout=10)
        if a.endswith("s")
        else smtplib.SMTP("127.0.0.1", p, timeout=10)
    )
    show(a, s)
    if not a.endswith("s") and s.has_extn("starttls"):
        s.starttls(context=c)
        show(f"{a} after STARTTLS", s)
    s.quit()
