"""One book of each kind."""

import pytest

from tests.book.books import KINDS


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    return KINDS[request.param](tmp_path)
