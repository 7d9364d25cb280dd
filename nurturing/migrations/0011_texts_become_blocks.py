"""Texts become blocks: a paragraph that was a button is a button now, what lies between is text."""

import json
import re

from django.db import migrations

BUTTON = re.compile(r"\[button:\s*([^\]\n]{1,80})\]\(([^)\s]*)\)\Z", re.IGNORECASE)


def blocks_of(body):
    blocks = []
    for paragraph in re.split(r"\n\s*\n", body.replace("\r\n", "\n").replace("\r", "\n")):
        paragraph = paragraph.strip()
        button = BUTTON.match(paragraph)
        key = f"b{len(blocks) + 1}"
        if button:
            blocks.append({"id": key, "kind": "button", "text": button[1], "link": button[2]})
        elif paragraph and blocks and blocks[-1]["kind"] == "text":
            blocks[-1]["text"] += f"\n\n{paragraph}"
        elif paragraph:
            blocks.append({"id": key, "kind": "text", "text": paragraph})
    return blocks


def convert(apps, schema_editor):
    """Frozen steps refuse changes, but what they say stays; what stood in the history stays readable too."""
    with schema_editor.connection.cursor() as cursor:
        for table, key in (("nurturing_step", "id"), ("nurturing_stepevent", "pgh_id")):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"SELECT {key}, body FROM {table} WHERE body <> ''")  # noqa: S608  names from here
            rows = [(json.dumps(blocks_of(body)), pk) for pk, body in cursor.fetchall()]
            cursor.executemany(f"UPDATE {table} SET content = %s::jsonb WHERE {key} = %s", rows)  # noqa: S608
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


class Migration(migrations.Migration):
    dependencies = [("nurturing", "0010_blocks")]

    operations = [migrations.RunPython(convert, migrations.RunPython.noop)]
