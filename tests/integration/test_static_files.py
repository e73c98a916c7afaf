"""The admin's files are served by the web side as it is installed, with nothing collected and no warning."""

import pytest
from django.test import AsyncClient, override_settings


@pytest.mark.parametrize(
    "path",
    ["/static/gatehouse/admin.css", "/static/unfold/css/styles.css", "/static/admin/js/core.js"],
)
async def test_files_are_served_from_where_they_are(path, settings):
    assert settings.DEBUG is False
    answer = await AsyncClient().get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(("text/css", "text/javascript"))
    body = b"".join([part async for part in answer]) if answer.is_async else b"".join(answer)
    assert len(body) == int(answer.headers["Content-Length"]) > 0


async def test_what_is_not_there_is_not_found():
    with override_settings(DEBUG=False):
        assert (await AsyncClient().get("/static/none.css")).status_code == 404
