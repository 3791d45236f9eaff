"""Small probes for selftest.sh, on smtplib, imaplib and ssl alone. Exit 0: as expected."""

import base64
import glob
import imaplib
import os
import smtplib
import ssl
import sys
import time

E = os.environ
LAB, H = E["LAB_DIR"], "127.0.0.1"
P = {k: int(v) for k, v in E.items() if k.startswith("P_")}


def ctx(cert=None, verify=True):
    c = ssl.create_default_context(cafile=f"{LAB}/ca/ca.pem")
    if not verify:
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    if cert:
        c.load_cert_chain(f"{LAB}/ca/client/{cert}.crt", f"{LAB}/ca/client/{cert}.key")
    return c


def smtp(port, tls=None, **k):
    if tls == "implicit":
        s = smtplib.SMTP_SSL(H, port, context=ctx(**k), timeout=20)
    else:
        s = smtplib.SMTP(H, port, timeout=20)
    s.ehlo()
    if tls == "starttls":
        s.starttls(context=ctx(**k))
        s.ehlo()
    return s


def find(box, token, seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        for f in glob.glob(f"{LAB}/{box}/new/*"):
            data = open(f, "rb").read()
            if token in data:
                return data
        time.sleep(0.1)
    raise SystemExit(f"no message with {token!r} in {box}")


def token():
    return base64.b16encode(os.urandom(8))


def send(s, box, rcpt=b"alice@lab.test", **k):
    """A message with every octet but NUL, CR and LF, long lines and dots; back byte by byte."""
    t = token()
    body = (
        b"..two dots\r\n.one dot\r\n.\r\ntrailing space \r\n\xc3\xa9\xff\x80"
        + bytes(i for i in range(1, 256) if i not in (10, 13))
        + b"\r\n"
        + b"x" * 990
        + b"\r\nend "
        + t
        + b"\r\n"
    )
    s.sendmail(
        "bob@lab.test",
        [rcpt.decode()],
        b"From: bob@lab.test\r\nTo: alice@lab.test\r\nSubject: " + t + b"\r\n\r\n" + body,
        mail_options=["BODY=8BITMIME"],
        **k,
    )
    got = find(box, b"end " + t)
    assert got.split(b"\n\n", 1)[1] == body.replace(b"\r\n", b"\n"), "body differs"
    return got


def reply(got, code, text=b""):
    assert got[0] == code and text in got[1], got


def auth_error(port, mech):
    s = smtp(port, "starttls")
    try:
        s.user, s.password = E["LAB_USER"], "wrong"
        s.auth(mech, getattr(s, "auth_" + mech.lower().replace("-", "_")))
    except smtplib.SMTPAuthenticationError as e:
        assert e.smtp_code == 535, e
    else:
        raise SystemExit("a wrong password was taken")


def rcpt_code(port, rcpt):
    s = smtp(port)
    s.mail("bob@lab.test")
    return s.rcpt(rcpt)


def t_plain():
    send(smtp(P["P_SMTP"]), "mail/alice")


def t_starttls():
    got = send(smtp(P["P_SMTP"], "starttls"), "mail/alice")
    assert b"TLSv1.3" in got


def t_implicit():
    send(smtp(P["P_SMTPS"], "implicit"), "mail/alice")


def t_submission():
    s = smtp(P["P_SUBMISSION"])
    reply(s.docmd("AUTH PLAIN x"), 530)
    reply(s.docmd("MAIL FROM:<bob@lab.test>"), 530)
    s = smtp(P["P_SUBMISSION"], "starttls")
    s.mail("bob@lab.test")
    reply(s.rcpt("alice@lab.test"), 554)
    s = smtp(P["P_SUBMISSION"], "starttls")
    s.login(E["LAB_USER"], E["LAB_PASS"])
    assert b"authenticated" in send(s, "mail/alice").lower()


def t_badauth():
    for m in ("PLAIN", "LOGIN", "CRAM-MD5"):
        auth_error(P["P_SUBMISSION"], m)


def t_disabled():
    s = smtp(P["P_SMTP"])
    reply(s.docmd("AUTH PLAIN", base64.b64encode(b"\0disabled\0disabled-secret").decode()), 535)


def t_routes():
    for to, box in (
        ("alice@lmtp.test", "mail/alice"),
        ("bob@exim.lab.test", "exim/mail/bob"),
        ("bob@sendmail.lab.test", "sendmail/mail/bob"),
        ("any@sink.test", "mail/sink"),
        ("box007+tag@lab.test", "mail/box007"),
    ):
        t = token()
        smtp(P["P_SMTP"]).sendmail("bob@lab.test", [to], b"Subject: r\r\n\r\n" + t + b"\r\n")
        find(box, t)
    for to in ("x@discard.test", "x@defer.test"):
        reply(rcpt_code(P["P_SMTP"], to), 250)


def t_oddpass():
    s = smtp(P["P_SUBMISSION"], "starttls")
    s.login("bob", E["LAB_PASS2"])


def t_utf8pass():
    s = smtp(P["P_SUBMISSION"], "starttls")
    reply(s.docmd("AUTH PLAIN", base64.b64encode("\0jürgen\0pässword€".encode()).decode()), 235)


def t_mtls():
    send(smtp(P["P_MTLS"], "implicit", cert="alice"), "mail/alice")
    send(smtp(P["P_MTLS_STARTTLS"], "starttls", cert="alice"), "mail/alice")


def t_mtls_none():
    for cert in (None, "untrusted", "expired"):
        try:
            s = smtp(P["P_MTLS"], "implicit", cert=cert)
            s.noop()
        except (ssl.SSLError, smtplib.SMTPException, OSError):
            continue
        raise SystemExit(f"certificate {cert} was taken")


def t_external():
    for p, tls in ((P["P_DSUB_TLS"], "implicit"), (P["P_DSUB"], "starttls"), (P["P_EXIM_TLS"], "implicit")):
        s = smtp(p, tls, cert="alice")
        assert "EXTERNAL" in s.esmtp_features["auth"], s.esmtp_features
        reply(s.docmd("AUTH EXTERNAL", base64.b64encode(b"alice").decode()), 235)


def t_dsub():
    s = smtp(P["P_DSUB"], "starttls")
    s.login(E["LAB_USER"], E["LAB_PASS"])
    s.ehlo()
    print(s.ehlo_resp.decode().replace("\n", " | "))
    send(s, "mail/alice")


def t_bare():
    s = smtp(P["P_BARE"])
    assert not s.esmtp_features, s.esmtp_features
    s.helo("x")


def t_replies():
    for a, c in (("tempfail", 451), ("full", 452), ("permfail", 550), ("moved", 551), ("nosuch", 550), ("drop", 421)):
        reply(rcpt_code(P["P_SMTP"], a + "@lab.test"), c)
    reply(rcpt_code(P["P_SMTP"], "x@other.example"), 554)


def t_tiny():
    s = smtp(P["P_TINY"])
    reply(s.mail("bob@lab.test", ["SIZE=30000"]), 552)
    s = smtp(P["P_TINY"])
    s.mail("bob@lab.test")
    got = [s.rcpt(f"box{i:03d}@lab.test")[0] for i in range(4)]
    assert got == [250, 250, 250, 452], got


def t_rate():
    a = [smtplib.SMTP(H, P["P_RATE"]) for _ in range(2)]
    try:
        smtplib.SMTP(H, P["P_RATE"])
        raise SystemExit("a third connection was let in")
    except smtplib.SMTPConnectError as e:
        assert e.smtp_code == 421, e
    finally:
        [x.close() for x in a]


def t_vrfy():
    reply(smtp(P["P_SMTP"]).docmd("VRFY alice@lab.test"), 252)
    reply(smtp(P["P_SMTP"]).docmd("VRFY nosuch@lab.test"), 550)
    reply(smtp(P["P_SMTP"]).docmd("EXPN team"), 500)


def t_utf8():
    for p, box in ((P["P_SMTP"], "mail/δοκιμή"), (P["P_EXIM"], "exim/mail/δοκιμή")):
        s = smtp(p)
        t = token()
        reply(s.docmd("MAIL FROM:<bob@lab.test> BODY=8BITMIME SMTPUTF8"), 250)
        s.send("RCPT TO:<δοκιμή@lab.test>\r\n".encode())
        reply(s.getreply(), 250)
        reply(s.data("From: bob@lab.test\r\nTo: δοκιμή@lab.test\r\nSubject: Ωmega\r\n\r\n".encode() + t + b"\r\n"), 250)
        find(box, t)


def t_chunking():
    for p, box in ((P["P_SMTP"], "mail/alice"), (P["P_EXIM"], "exim/mail/alice"), (P["P_DSUB"], "mail/alice")):
        s = smtp(p, "starttls" if p == P["P_DSUB"] else None)
        t = token()
        if p == P["P_DSUB"]:
            s.login(E["LAB_USER"], E["LAB_PASS"])
        s.mail("bob@lab.test")
        s.rcpt("alice@lab.test")
        for part, last in ((b"Subject: bdat\r\n\r\n.dot\r\n", ""), (t + b"\r\n", " LAST")):
            s.send(b"BDAT %d%s\r\n" % (len(part), last.encode()) + part)
            reply(s.getreply(), 250)
        assert b"\n.dot\n" in find(box, t)


def t_dsn():
    s = smtp(P["P_SMTP"])
    t = token().decode()
    reply(s.mail("bob@lab.test", ["RET=HDRS", f"ENVID={t}"]), 250)
    reply(s.rcpt("alice@lab.test", ["NOTIFY=SUCCESS", "ORCPT=rfc822;alice@lab.test"]), 250)
    reply(s.data(b"Subject: dsn\r\n\r\nx\r\n"), 250)
    assert b"Action: delivered" in find("mail/bob", b"Original-Envelope-Id: " + t.encode())


def t_bounce():
    s = smtp(P["P_SMTP"])
    t = token().decode()
    s.mail("bob@lab.test", [f"ENVID={t}"])
    reply(s.rcpt("nobody@bounce.test"), 250)
    s.data(b"Subject: b\r\n\r\nx\r\n")
    assert b"Action: failed" in find("mail/bob", b"Original-Envelope-Id: " + t.encode())


def t_exim():
    s = smtp(P["P_EXIM"], "starttls")
    send(s, "exim/mail/alice")
    reply(s.docmd("VRFY alice@lab.test"), 250)
    reply(s.docmd("VRFY nosuch@lab.test"), 550)
    reply(s.docmd("EXPN team"), 250, b"carol@lab.test")
    for x in (
        "pipelining",
        "chunking",
        "8bitmime",
        "smtputf8",
        "dsn",
        "size",
        "prdr",
        "expn",
        "vrfy",
        "etrn",
        "pipeconnect",
    ):
        assert s.has_extn(x), x
    send(smtp(P["P_EXIM_TLS"], "implicit"), "exim/mail/alice")


def t_prdr():
    s = smtp(P["P_EXIM"])
    t = token()
    s.docmd("MAIL FROM:<bob@lab.test> PRDR")
    s.rcpt("alice@lab.test")
    s.rcpt("prdrno@lab.test")
    s.docmd("DATA")
    s.send(b"Subject: p\r\n\r\n" + t + b"\r\n.\r\n")
    got = [s.getreply()[0] for _ in range(4)]
    assert got == [353, 250, 550, 250], got
    find("exim/mail/alice", t)


def t_sendmail():
    s = smtp(P["P_SENDMAIL"], "starttls")
    send(s, "sendmail/mail/alice")
    reply(s.docmd("VRFY alice"), 250)
    reply(s.docmd("EXPN team"), 250, b"carol")
    for x in ("deliverby", "dsn", "expn", "etrn", "verb", "enhancedstatuscodes"):
        assert s.has_extn(x), x


def t_lmtp():
    s = smtplib.LMTP(H, P["P_LMTP"])
    s.ehlo()
    t = token()
    s.sendmail("bob@lab.test", ["carol@lab.test"], b"Subject: l\r\n\r\n" + t + b"\r\n")
    find("mail/carol", t)
    print(s.ehlo_resp.decode().replace("\n", " | "))


def t_imap():
    s = smtp(P["P_SMTP"])
    t = token()
    s.sendmail("bob@lab.test", ["alice@lab.test"], b"Subject: " + t + b"\r\n\r\nx\r\n")
    find("mail/alice", t)
    c = imaplib.IMAP4_SSL(H, P["P_IMAPS"], ssl_context=ctx())
    c.login(E["LAB_USER"], E["LAB_PASS"])
    c.select("INBOX", readonly=True)
    assert c.search(None, "SUBJECT", t.decode())[1][0]


def scram(s, mech, user, password):
    """RFC 5802 on hashlib alone, the server's signature checked."""
    import hashlib
    import hmac

    h = "sha" + mech.rsplit("-", 1)[1]
    d = lambda k, m: hmac.new(k, m, h).digest()
    first = f"n={user},r={token().decode()}"
    reply(s.docmd("AUTH " + mech, base64.b64encode(("n,," + first).encode()).decode()), 334)
    server = base64.b64decode(s.last[1]).decode()
    f = dict(x.split("=", 1) for x in server.split(","))
    salted = hashlib.pbkdf2_hmac(h, password.encode(), base64.b64decode(f["s"]), int(f["i"]))
    final = "c=biws,r=" + f["r"]
    msg = f"{first},{server},{final}".encode()
    key = d(salted, b"Client Key")
    sig = d(hashlib.new(h, key).digest(), msg)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, sig))).decode()
    got = s.docmd(base64.b64encode(f"{final},p={proof}".encode()).decode())
    if got[0] == 334:
        assert base64.b64decode(base64.b64decode(got[1])[2:]) == d(d(salted, b"Server Key"), msg), "server signature"
        got = s.docmd("")
    return got


class Last(smtplib.SMTP):
    last = None

    def getreply(self):
        self.last = super().getreply()
        return self.last


def t_scram512():
    for m in ("SCRAM-SHA-1", "SCRAM-SHA-224", "SCRAM-SHA-256", "SCRAM-SHA-384", "SCRAM-SHA-512"):
        s = Last(H, P["P_CYRUS"])
        s.ehlo()
        reply(scram(s, m, E["LAB_USER"], E["LAB_PASS"]), 235)
    s = Last(H, P["P_SMTP"])
    s.ehlo()
    reply(scram(s, "SCRAM-SHA-256", "bob", E["LAB_PASS2"]), 235)


def t_crl():
    for port, ok in (("2600", True), ("2604", False)):
        c = ctx()
        c.load_verify_locations(f"{LAB}/ca/crls.pem")
        c.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        try:
            smtplib.SMTP_SSL(H, int(port), context=c)
            good = True
        except ssl.SSLCertVerificationError as e:
            good = False
            assert "revoked" in str(e), e
        assert good == ok, port


def t_ipv6():
    for p in ("P_SMTP", "P_EXIM", "P_SENDMAIL", "P_DSUB"):
        smtplib.SMTP("::1", P[p], timeout=10).ehlo()


if __name__ == "__main__":
    globals()["t_" + sys.argv[1]]()
