"""Fixtures for the whole suite live in `tests/fixtures`, one file for each thing that is started."""

pytest_plugins = [
    "tests.fixtures.black_hole",
    "tests.fixtures.lab",
    "tests.fixtures.letters",
    "tests.fixtures.openssl_server",
    "tests.fixtures.picky",
    "tests.fixtures.scripted",
    "tests.fixtures.echoing",
    "tests.fixtures.sink",
    "tests.fixtures.slow_clock",
    "tests.fixtures.taking",
    "tests.fixtures.terminals",
    "tests.fixtures.tokens",
]
