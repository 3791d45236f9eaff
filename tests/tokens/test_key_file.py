"""Key files and assertions: what is read, what is signed, and that another library of JSON Web Tokens' rules agrees."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import CertificateError, Place
from mailjobs.secret import Secret
from mailjobs.tokens.assertion import assertion
from mailjobs.tokens.key_file import KeyFile, read_key_file

PLACE = Place("job.yaml", 3, 5)
NOW = 1_700_000_000.5
RSA = rsa.generate_private_key(65537, 2048)
KEYS = {
    "RS256": RSA,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
HASHES = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}


def pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def unpacked(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    head, body, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in text.split("."))
    return json.loads(head), json.loads(body), signature, text.rpartition(".")[0].encode()


def verify(algorithm: str, signature: bytes, signed: bytes) -> None:
    public = KEYS[algorithm].public_key()
    if algorithm == "RS256":
        public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "EdDSA":
        public.verify(signature, signed)
    else:
        half = len(signature) // 2
        numbers = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        public.verify(utils.encode_dss_signature(*numbers), signed, ec.ECDSA(HASHES[algorithm]))


@pytest.mark.parametrize("algorithm", KEYS)
def test_an_assertion_is_signed_as_its_key_can(algorithm: str) -> None:
    claims = {"iss": "me", "sub": "ci@example.com", "aud": "https://x/token", "scope": None}
    text = assertion(Secret.literal(pem(KEYS[algorithm])), claims, "k1", NOW, PLACE)
    head, body, signature, signed = unpacked(text)
    assert head == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    assert body.pop("jti")
    assert body == {
        "iss": "me",
        "sub": "ci@example.com",
        "aud": "https://x/token",
        "iat": 1_700_000_000,
        "exp": 1_700_000_600,
    }
    verify(algorithm, signature, signed)
    with pytest.raises(InvalidSignature):
        verify(algorithm, signature, signed + b"x")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("no key", "no private key in PEM"),
        (pem(x25519.X25519PrivateKey.generate()), "signs with this kind of key"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "signs with this kind of key"),
    ],
)
def test_a_key_that_cannot_sign_is_an_error_with_its_place(key: str, words: str) -> None:
    with pytest.raises(CertificateError, match=words) as caught:
        assertion(Secret.literal(key), {}, None, NOW, PLACE)
    assert caught.value.place == PLACE
    assert key not in str(caught.value)


def key_file(**members: Any) -> str:
    whole = {
        "type": "service_account", "private_key": "PEM", "private_key_id": "k1", "client_email": "a@b",
        "token_uri": "https://x/token", "project_id": "p",
    }  # fmt: skip
    return json.dumps({**whole, **members})


def test_a_key_file_says_all_that_is_needed() -> None:
    found = read_key_file("\ufeff" + key_file(), PLACE)
    assert (found.key_id, found.email, found.token_url, found.whole) == ("k1", "a@b", "https://x/token", True)
    assert found.private_key.reveal() == "PEM"
    assert "PEM" not in repr(found)


def test_a_key_in_pem_is_the_key_alone() -> None:
    found = read_key_file(pem(RSA), PLACE)
    assert (found.key_id, found.email, found.token_url, found.whole) == (None, None, None, False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "begins like JSON"),
        ("{" * 50_000, "begins like JSON"),
        ("{}", "not that of a service account"),
        (key_file(type="authorized_user"), "not that of a service account"),
        (key_file(private_key=""), "not that of a service account"),
        (key_file(private_key=["x"]), "private_key is no text"),
        (key_file(token_uri=7), "token_uri is no text"),
    ],
)
def test_what_is_no_key_file_is_told_without_its_content(text: str, words: str) -> None:
    with pytest.raises(CertificateError, match=words) as caught:
        read_key_file(text, PLACE)
    assert caught.value.place == PLACE


@given(
    st.dictionaries(
        st.sampled_from(("type", "private_key", "private_key_id", "client_email", "token_uri")),
        st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=2),
    ).map(json.dumps)
    | st.text(max_size=50)
    | st.integers(0, len(key_file())).map(lambda length: key_file()[:length])
)
def test_any_text_is_a_key_file_or_none(text: str) -> None:
    try:
        found = read_key_file(text, PLACE)
    except CertificateError:
        return
    assert isinstance(found, KeyFile)
