"""A store as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 13
Record = Mapping[str, Any]


def certificate_lines(told: Record, title: str) -> Iterator[str]:
    """The lines for what `certs.look` found, as plain data; `title` is what people call its format."""
    entries = told["certificates"]
    yield f"{told['file']}: {title}, {_counted(entries)}"
    for entry in entries:
        yield ""
        yield _heading(entry)
        for name, value in _fields(entry):
            yield f"  {name:<{WIDTH}}{value}"


def _counted(entries: list[Record]) -> str:
    certificates = sum(entry["certificate"]["subject"] is not None for entry in entries)
    keys = sum(entry["certificate"]["has_private_key"] for entry in entries)
    publics = (
        len(entries)
        - certificates
        - sum(entry["certificate"]["has_private_key"] for entry in entries if entry["certificate"]["subject"] is None)
    )
    counts = ((certificates, "certificate"), (keys, "private key"), (publics, "public key"))
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count)


def _heading(entry: Record) -> str:
    record = entry["certificate"]
    alias = f"  ({entry['alias']})" if entry["alias"] else ""
    if record["subject"] is not None:
        return f"{record['subject']}{alias}"
    return f"{'private' if record['has_private_key'] else 'public'} key without a certificate{alias}"


def _fields(entry: Record) -> Iterator[tuple[str, str]]:
    record = entry["certificate"]
    if record["subject"] is not None:
        yield "issuer", record["issuer"]
        yield "valid", _validity(record)
        yield from _names(record["alt_names"])
        yield "serial", record["serial"]
    yield "key", _key(entry)
    if record["subject"] is not None:
        yield from _usage(record)
        yield "signed with", f"{record['signature_algorithm']} ({record['version']})"
    yield from _digests("thumbprint", {name: record[name] for name in ("sha256", "sha1", "md5")})
    yield from _digests("fingerprint", {name: record[f"key_{name}"] for name in ("sha256", "sha1", "md5")})
    if record["key_ssh"]:
        yield "", f"{record['key_ssh']} (ssh-keygen -l)"
    for number, above in enumerate(entry["chain"]):
        yield "" if number else "chain", f"{above['subject']}, until {_moment(above['not_after'])}"


def _validity(record: Record) -> str:
    left = record["days_left"]
    state = f"{left} days left" if left >= 0 else "expired"
    return f"{_moment(record['not_before'])} to {_moment(record['not_after'])} UTC ({state})"


def _moment(text: str) -> str:
    return text[:16].replace("T", " ")


def _names(names: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    first = True
    for kind, found in names.items():
        if found:
            yield "names" if first else "", f"{kind}: {', '.join(found)}"
            first = False


def _key(entry: Record) -> str:
    record = entry["certificate"]
    bits = f", {record['public_key_bits']} bits" if record["public_key_bits"] else ""
    private = "the private key is here" if record["has_private_key"] else "no private key"
    locked = f" ({entry['locked']})" if entry["locked"] else ""
    return f"{record['public_key_algorithm'] or 'hidden by its password'}{bits}; {private}{locked}"


def _usage(record: Record) -> Iterator[tuple[str, str]]:
    if record["key_usage"]:
        yield "key usage", f"{', '.join(record['key_usage'])} (0x{record['key_usage_flags']:02x})"
    if record["extended_key_usage"]:
        told = (f"{one['name']} ({one['oid']})" if one["name"] != one["oid"] else one["oid"]
                for one in record["extended_key_usage"])  # fmt: skip
        yield "made for", ", ".join(told)


def _digests(name: str, digests: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """A thumbprint is of the certificate, a fingerprint of its key."""
    if not all(digests.values()):
        return
    for number, (kind, value) in enumerate(digests.items()):
        yield "" if number else name, f"{kind} {value}"
