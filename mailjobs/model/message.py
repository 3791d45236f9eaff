"""A message as a job describes it: templates for the envelope, the headers and the bodies."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.certificate import CertificateStore
from mailjobs.model.template import Template
from mailjobs.secret import Secret

Notify = Literal["never", "success", "failure", "delay"]
Digest = Literal["sha256", "sha1", "md5"]


@frozen
class AddressEntry:
    """One entry of an address field: `text` ("Name <a@b>", several with commas), or `address` with a `name`.

    The rest is for recipients: what RCPT says besides the address (RFC 3461). `notify` None: as the message says.
    """

    text: Template | None = None
    address: Template | None = None
    name: Template | None = None
    notify: tuple[Notify, ...] | None = None
    orcpt: Template | None = None
    options: Template | None = None


@frozen
class Header:
    """An extra header. Its name is literal, its value a template."""

    name: str
    value: Template


@frozen
class Stamp:
    """Date or Message-ID: `auto`, `omit`, or `text` as the job gives it. `digest` makes an automatic id."""

    kind: Literal["auto", "omit", "text"] = "auto"
    text: Template | None = None
    digest: Digest = "sha256"


@frozen
class Dsn:
    """Delivery status notifications (RFC 3461). `envelope_id` None: none is asked for; an empty one: automatic."""

    notify: tuple[Notify, ...] | None = None
    returned: Literal["headers", "full"] | None = None
    envelope_id: Template | Literal["auto"] | None = None


@frozen
class Unsubscribe:
    """How a reader leaves a list (RFC 2369); `one_click` by a POST to `url` (RFC 8058)."""

    place: Place
    url: Template | None = None
    mailto: Template | None = None
    one_click: bool = False


@frozen
class FilePath:
    """A path with holes. A relative one is looked for in `folders`, the first that has it."""

    text: Template
    folders: tuple[Path, ...]


@frozen
class Attachment:
    """A file (or a glob of several), or templated content. `method` makes it an invitation (RFC 5546)."""

    place: Place
    file: FilePath | None = None
    content: Template | None = None
    name: Template | None = None
    type: str | None = None
    inline: bool = False
    content_id: Template | None = None
    method: str | None = None


@frozen
class Raw:
    """A message that is ready made. `crlf`: line ends become CRLF; `keep`: bytes stay, bare CR or LF is refused."""

    place: Place
    file: FilePath | None = None
    text: Template | None = None
    line_endings: Literal["crlf", "keep"] = "crlf"


@frozen
class Dkim:
    """DKIM (RFC 6376): the key is PEM text."""

    place: Place
    domain: str
    selector: str
    key: Secret


@frozen
class Smime:
    """S/MIME (RFC 8551): signed with `certificate`, encrypted to the certificates in the files `encrypt_to`."""

    place: Place
    certificate: CertificateStore | None = None
    encrypt_to: tuple[Path, ...] = ()


@frozen
class Pgp:
    """PGP/MIME (RFC 3156): signed as `key`, with `encrypt` encrypted to all recipients. `home` holds the key ring."""

    place: Place
    key: str | None = None
    passphrase: Secret | None = None
    encrypt: bool = False
    home: Path | None = None


@frozen
class Sign:
    """How a message is signed and encrypted."""

    dkim: Dkim | None = None
    smime: Smime | None = None
    pgp: Pgp | None = None


@frozen
class Message:
    """One message. A `return_path` whose source is empty is the null sender; None means the From address.

    `marks` are fields with a fixed value, such as Importance. `text_from_html`: a text part is made where html comes
    alone. `folders` are those of the job's files, for images that html names.
    """

    name: str
    place: Place
    from_: AddressEntry | None = None
    to: tuple[AddressEntry, ...] = ()
    cc: tuple[AddressEntry, ...] = ()
    bcc: tuple[AddressEntry, ...] = ()
    reply_to: tuple[AddressEntry, ...] = ()
    allow_empty_to: bool = False
    return_path: Template | None = None
    subject: Template | None = None
    date: Stamp = Stamp()
    message_id: Stamp = Stamp()
    marks: tuple[tuple[str, str], ...] = ()
    read_receipt_to: AddressEntry | None = None
    delivery_notification_to: AddressEntry | None = None
    thread: Template | None = None
    unsubscribe: Unsubscribe | None = None
    dsn: Dsn = Dsn()
    headers: tuple[Header, ...] = ()
    replace_all: bool = False
    charset: str = "utf-8"
    max_header_length: int = 78
    text: Template | None = None
    html: Template | None = None
    markdown: Template | None = None
    inline_css: bool = False
    text_from_html: bool = True
    attachments: tuple[Attachment, ...] = ()
    raw: Raw | None = None
    sign: Sign = Sign()
    folders: tuple[Path, ...] = ()
