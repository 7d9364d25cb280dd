from typing import Any

from django.db import migrations

BASIS = """
INSERT INTO leads_consent
    (lead_id, subject_id, address, channel, state, basis, wording, version, source, evidence)
SELECT l.id, l.id, lower(l.email), 'email', 'given', 'interest',
    'Could be mailed before consents were recorded; taken over as it was.', '', 'upgrade',
    jsonb_build_object('known since', l.created_at)
FROM leads_lead l
WHERE l.email <> '' AND l.merged_into_id IS NULL
    AND NOT EXISTS (SELECT FROM leads_suppression s WHERE lower(s.address) = lower(l.email))
    AND NOT EXISTS (SELECT FROM leads_suppression s WHERE s.lead_id = l.id)
ORDER BY l.id
"""
REFUSALS = """
INSERT INTO leads_consent
    (lead_id, subject_id, address, channel, state, basis, wording, version, source, evidence, at)
SELECT s.lead_id, s.lead_id, s.address, 'email', 'withdrawn', '',
    coalesce(nullif(s.detail, ''), 'Said no before consents were recorded.'), '', 'upgrade', '{}', s.at
FROM leads_suppression s JOIN leads_lead l ON l.id = s.lead_id
WHERE s.reason IN ('unsubscribed', 'complained')
ORDER BY s.lead_id
"""


def begin(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(BASIS)
    schema_editor.execute(REFUSALS)


class Migration(migrations.Migration):
    """Nobody falls silent by the upgrade: whoever could be mailed until now may be, and the record says why.

    Going back drops the whole table, so there is nothing to undo here.
    """

    dependencies = [("leads", "0012_consents")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
