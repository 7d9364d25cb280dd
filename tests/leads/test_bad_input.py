"""Input that once broke a door: each is refused in words, and its good neighbours are kept."""

import base64
import io

import orjson
import pytest
from django.test import Client

from accounts.services import create_token
from leads.importing.reading import UnreadableFile, examine, rows


@pytest.fixture
def send(db):
    _, secret = create_token(kind="write", name="Website")
    auth = "Basic " + base64.b64encode(f"{secret}:".encode()).decode()

    def post(body: bytes):
        return Client().post(
            "/v1/batch", body, content_type="application/json", headers={"Authorization": auth}
        )

    return post


def test_half_a_surrogate_in_a_message_id_is_named_and_the_rest_is_kept(send):
    good = b'{"type":"track","userId":"sg","event":"good","messageId":"sgA"}'
    bad = b'{"type":"track","userId":"","event":"good","messageId":"\\ud800"}'

    answer = send(b'{"batch":[' + good + b"," + bad + b"]}")

    assert answer.status_code == 200
    assert (answer.json()["accepted"], len(answer.json()["rejected"])) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"email,name\nlatin@one.example,Jos\xe9",
        b"email,name\ncut@off.example,Jos\xc3",
    ],
)
def test_a_last_letter_that_is_not_utf_8_is_read_as_western_european(content):
    sheet = examine(lambda: io.BytesIO(content))

    names = [cells[1] for _, cells in rows(lambda: io.BytesIO(content), sheet)]
    assert names == [content.rpartition(b",")[2].decode("cp1252")]


@pytest.mark.parametrize(
    "content",
    [
        b"email,name\n" + bytes(range(1, 255)) * 40,
        b'email,name\n"never closed,' + b"x" * 1_200_000,
    ],
)
def test_a_file_nobody_can_read_is_refused_in_words(content):
    with pytest.raises(UnreadableFile):
        for _ in rows(lambda: io.BytesIO(content), examine(lambda: io.BytesIO(content))):
            pass


def test_columns_of_one_name_keep_a_name_each():
    content = b"email,a,a (2),a\nd1@dup.example,1,2,3\n"

    sheet = examine(lambda: io.BytesIO(content))

    assert len(set(sheet.columns)) == 4


def test_an_empty_description_makes_nobody(db):
    _, secret = create_token(kind="api", name="Script")

    answer = Client().post(
        "/api/leads/",
        orjson.dumps({}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )

    assert answer.status_code == 400
    assert "external_id" in answer.content.decode()
