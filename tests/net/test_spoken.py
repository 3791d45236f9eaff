"""Versions, ciphers, groups and signature algorithms: what is taken, and what is told of names that are not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from mailjobs.errors import JobError, Place, SetupError, TLSError
from mailjobs.events import Publish
from mailjobs.model import Named, Tls
from mailjobs.net import openssl, spoken
from mailjobs.net.algorithms import GROUPS, SIGNATURES, group_name, signature_names
from mailjobs.net.spoken import known_ciphers, speak
from mailjobs.net.tls import secure
from tests.fixtures.lab import Lab
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import MemoryServer, dial, trusting

PLACE = Place("job.yaml", 3, 5)


def named(*texts: str) -> tuple[Named, ...]:
    return tuple(Named(text, PLACE) for text in texts)


def ciphers_of(tls: Tls) -> list[str]:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    speak(context, tls)
    return SSL.Connection(context, None).get_cipher_list()


SUITES = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]


@pytest.mark.parametrize(
    ("ciphers", "found"),
    [
        (["ECDHE-RSA-AES128-GCM-SHA256"], [*SUITES, "ECDHE-RSA-AES128-GCM-SHA256"]),
        (["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], [*SUITES, "ECDHE-RSA-AES128-GCM-SHA256"]),
        (["ECDHE+aRSA+AESGCM", "!AES256"], [*SUITES, "ECDHE-RSA-AES128-GCM-SHA256"]),
        (["ECDHE+aRSA+AESGCM", "!TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], [*SUITES, "ECDHE-RSA-AES128-GCM-SHA256"]),
        (["TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
         ["TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]),
    ],
)  # fmt: skip
def test_ciphers_go_by_the_names_of_openssl_and_of_iana(ciphers: list[str], found: list[str]) -> None:
    assert ciphers_of(Tls(ciphers=named(*ciphers))) == found


def test_suites_of_tls_1_3_and_the_other_ciphers_are_chosen_apart() -> None:
    usual = ciphers_of(Tls())
    chosen = ciphers_of(Tls(ciphers=named("TLS_AES_128_GCM_SHA256")))
    assert chosen == ["TLS_AES_128_GCM_SHA256", *[name for name in usual if name not in SUITES]]


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        (Tls(max_version="1.2", ciphers=named(SUITES[0])), "is a suite of TLS 1.3, and `max_version` is 1.2"),
        (Tls(min_version="1.3", ciphers=named(SUITES[0], "AES128-SHA")), "AES128-SHA chooses nothing of TLS 1.3"),
    ],
)
def test_a_name_that_can_choose_nothing_is_told(tls: Tls, words: str) -> None:
    with pytest.raises(JobError) as caught:
        ciphers_of(tls)
    assert words in caught.value.problems[0].message
    assert caught.value.problems[0].place == PLACE


@pytest.mark.parametrize("text", ["HIGH:!aNULL:!RC4:!3DES:!MD5:!EXPORT", "*", "DEFAULT:@STRENGTH", "ALL:-PSK:+SHA1"])
def test_usual_strings_are_taken(text: str) -> None:
    assert len(ciphers_of(Tls(ciphers=named(*text.split(":"))))) > 10


@pytest.mark.parametrize(
    ("settings", "words", "hint"),
    [
        ({"ciphers": ["ECDHE-RSA-AES128-GCM-SHA265"]}, "no cipher is called 'ECDHE-RSA-AES128-GCM-SHA265'",
         "did you mean 'ECDHE-RSA-AES128-GCM-SHA256'?"),
        ({"ciphers": ["TLS_AES_256_GCM_SHA348"]}, "no cipher is called", "did you mean 'TLS_AES_256_GCM_SHA384'?"),
        ({"ciphers": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA383"]}, "no cipher is called", "SHA384'?"),
        ({"ciphers": ["HIGH", "!aNUL"]}, "no cipher is called '!aNUL'", "did you mean 'aNULL'?"),
        ({"ciphers": ["CALG_AES_256"]}, "no cipher is called 'CALG_AES_256'", "a family in Windows"),
        ({"ciphers": ["DEFAULT", "@SECLEVEL=0"]}, "the security level is not for a job to set", "min_version"),
        ({"ciphers": ["AESGCM", "!AESGCM"]}, "AESGCM:!AESGCM selects no cipher", "openssl ciphers -v"),
        ({"ciphers": ["RC4"]}, "RC4 selects no cipher", "openssl ciphers -v"),
        ({"ciphers": ["TLS_AES_128_GCM_SHA256", "AES128"], "min_strength": 256},
         "none of these ciphers has the 256 bits", None),
        ({"groups": ["x25591"]}, "no group is called 'x25591'", "did you mean 'x25519'?"),
        ({"groups": ["secp256r1", "ffdhe_1024"]}, "no group is called 'ffdhe_1024'", "did you mean 'ffdhe"),
        ({"signature_algorithms": ["sha265-rsa"]}, "no signature algorithm is called", "did you mean 'sha256-rsa'?"),
        ({"signature_algorithms": ["zzzz"]}, "no signature algorithm is called 'zzzz'", None),
    ],
)  # fmt: skip
def test_what_is_not_known_is_told_with_its_place_and_the_nearest_name(settings, words: str, hint: str | None) -> None:
    given_ = {key: named(*value) if isinstance(value, list) else value for key, value in settings.items()}
    with pytest.raises(JobError) as caught:
        ciphers_of(Tls(**given_))
    error = caught.value
    assert words in error.message
    assert error.place == PLACE
    assert (hint in str(error.hint)) if hint else error.hint is None


def test_all_unknown_names_are_told_at_once() -> None:
    tls = Tls(ciphers=named("one", "two"), groups=named("three"), signature_algorithms=named("four"))
    with pytest.raises(JobError) as caught:
        ciphers_of(tls)
    assert [problem.message.split("'")[1] for problem in caught.value.problems] == ["one", "two", "three", "four"]


@given(st.text(min_size=1, max_size=40).filter(lambda text: "\0" not in text))
def test_any_text_is_a_name_or_an_error_of_the_job(text: str) -> None:
    for key in ("ciphers", "groups", "signature_algorithms"):
        told = ""
        try:
            ciphers_of(Tls(**{key: named(text)}))
        except JobError as error:
            told = error.message
        assert told.isprintable()


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("x25519", "x25519"), ("ecdhe_x25519", "x25519"), ("P-256", "secp256r1"), ("prime256v1", "secp256r1"),
        ("ecdhe_secp521r1", "secp521r1"), ("ffdhe_2048", "ffdhe2048"), ("ffdhe8192", "ffdhe8192"),
        ("X25519MLKEM768", "X25519MLKEM768"), ("x25519mlkem768", "X25519MLKEM768"), ("ecdhe", None), ("", None),
    ],
)  # fmt: skip
def test_groups_have_several_names(written: str, name: str | None) -> None:
    assert group_name(written) == name


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("sha256-rsa", ["RSA+SHA256"]), ("SHA512-ecdsa", ["ECDSA+SHA512"]), ("ECDSA+SHA384", ["ECDSA+SHA384"]),
        ("rsa_pss_sha256", ["rsa_pss_rsae_sha256", "rsa_pss_pss_sha256"]), ("ed25519", ["ed25519"]),
        ("sha1-dsa", ["DSA+SHA1"]), ("sha3-rsa", []), ("rsa", []),
    ],
)  # fmt: skip
def test_signature_algorithms_have_several_names(written: str, names: list[str]) -> None:
    assert signature_names(written) == names


def test_our_own_engine_has_every_group_and_algorithm_that_is_named() -> None:
    speak(SSL.Context(SSL.TLS_CLIENT_METHOD), Tls(groups=named(*GROUPS), signature_algorithms=named(*SIGNATURES)))


def test_a_name_may_come_twice() -> None:
    twice = Tls(groups=named("x25519", "X25519"), signature_algorithms=named("rsa_pss_sha256", "rsa_pss_rsae_sha256"))
    speak(SSL.Context(SSL.TLS_CLIENT_METHOD), twice)


def test_what_this_openssl_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(spoken.GROUPS, "secp999r1", 999)
    monkeypatch.setattr(spoken, "signature_names", lambda text: [text])
    with pytest.raises(JobError) as caught:
        ciphers_of(Tls(groups=named("x25519", "secp999r1"), signature_algorithms=named("ed25519", "ed999")))
    assert [problem.message for problem in caught.value.problems] == [
        "the OpenSSL that is installed has no group secp999r1", "the OpenSSL that is installed cannot verify ed999",
    ]  # fmt: skip


def test_the_server_can_only_take_what_is_offered(lab: Lab) -> None:
    port = lab.port("P_SMTPS")
    for settings in ({"groups": named("ffdhe8192")}, {"signature_algorithms": named("ed448")}):
        with pytest.raises(TLSError) as caught:
            dial(port, trusting(lab.ca_file, **settings))
        assert (caught.value.code, caught.value.stage) == (276, "handshake")
        assert str(caught.value.hint).endswith(f"none of what this job allows: tls.{next(iter(settings))}")


def test_signature_algorithms_are_those_of_the_server_too(lab: Lab) -> None:
    dial(lab.port("P_SMTPS"), trusting(lab.ca_file, signature_algorithms=named("sha256-rsa", "rsa_pss_sha256"))).close()


def test_a_cipher_with_too_few_bits_ends_the_connection_before_a_word_of_smtp(tls_files: TlsFiles) -> None:
    tls = trusting(tls_files.ca, min_strength=256, ciphers=named("TLS_AES_128_GCM_SHA256"), min_version="1.3")
    server = MemoryServer(tls_files)
    with pytest.raises(
        TLSError, match=r"TLS_AES_128_GCM_SHA256 has 128 bits, and 'tls\.min_strength' wants 256"
    ) as caught:
        secure(server, "localhost", tls, Publish())
    assert (caught.value.code, caught.value.stage) == (276, "handshake")
    assert (server.said_bye(), server.received) == (True, b"")
    secure(MemoryServer(tls_files), "localhost", trusting(tls_files.ca, min_strength=256), Publish())


@pytest.mark.parametrize(
    ("call", "settings", "name"),
    [
        (openssl.SET_GROUPS, {"groups": named("x25519")}, "set tls.groups"),
        (openssl.SET_SIGNATURE_ALGORITHMS, {"signature_algorithms": named("ed25519")}, "set tls.signature_algorithms"),
        (openssl.SET_MESSAGES, {"log": True}, "tell tls.log"),
    ],
)
def test_what_another_pyopenssl_cannot_set_is_refused(
    monkeypatch: pytest.MonkeyPatch, tls_files: TlsFiles, call: str, settings: dict[str, object], name: str
) -> None:
    from OpenSSL import _util

    class Lesser:
        def __getattr__(self, wanted: str) -> object:
            if wanted == call:
                raise AttributeError(wanted)
            return getattr(whole, wanted)

    whole = _util.lib
    monkeypatch.setattr(_util, "lib", Lesser())
    with pytest.raises(SetupError, match=f"the pyOpenSSL that is installed has no way to {name}"):
        secure(MemoryServer(tls_files), "localhost", trusting(tls_files.ca, **settings), Publish())


def test_all_the_ciphers_are_asked_of_openssl() -> None:
    assert {"ECDHE-RSA-AES128-GCM-SHA256", *SUITES} <= set(known_ciphers())
