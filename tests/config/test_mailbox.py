"""Mail sent in development arrives in a folder, whatever its address."""

import smtplib
import socket
import sys
from email import message_from_bytes

import pytest

from config.embedded import mailbox
from config.embedded.process import spawn, stop
from config.embedded.up import listen, mail_command


@pytest.fixture
def port(tmp_path, monkeypatch):
    monkeypatch.setattr("config.embedded.up.LOCAL", tmp_path)
    with listen(0) as listening:
        process = spawn(mail_command(listening), pass_fds=[listening.fileno()], stderr=sys.stderr)
        yield listening.getsockname()[1]
        stop(process, with_signal=15, seconds=5)


def test_a_message_is_kept_whole_with_its_envelope(port, tmp_path):
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as server:
        server.sendmail(
            "bounce+7@tandem.example",
            ["ana@example.org", "bo@example.org"],
            "Subject: Hello\r\n\r\n.dot\r\nÿ\r\n".encode(),
        )

    [file] = (tmp_path / "mail").glob("*.eml")
    message = message_from_bytes(file.read_bytes())
    assert message["Subject"] == "Hello"
    assert message["Return-Path"] == "<bounce+7@tandem.example>"
    assert message.get_all("Delivered-To") == ["ana@example.org", "bo@example.org"]
    assert message.get_payload(decode=True) == ".dot\r\nÿ\r\n".encode()


def test_what_comes_to_a_return_address_waits_in_a_mail_folder_too(tmp_path):
    box = mailbox.Mailbox(tmp_path)
    box.store("", [f"bounces+{'a2' * 20}@example.org"], b"Subject: Undelivered\n\n")
    box.store("", ["bounces+7@example.org"], b"Subject: Hello\n\n")

    [file] = (tmp_path / "returned" / "new").iterdir()
    assert b"Undelivered" in file.read_bytes()
    assert len(list(tmp_path.glob("*.eml"))) == 2


def test_only_the_newest_messages_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(mailbox, "KEEP", 2)
    box = mailbox.Mailbox(tmp_path)

    for number in range(5):
        box.store("a@example.org", ["b@example.org"], f"Subject: {number}\n\n".encode())
        box.forget_oldest()

    kept = [message_from_bytes(file.read_bytes())["Subject"] for file in sorted(tmp_path.glob("*.eml"))]
    assert kept == ["3", "4"]


def test_a_taken_port_gives_way_to_the_next_free_one():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        with listen(taken) as ours:
            assert taken < ours.getsockname()[1] <= taken + 100
