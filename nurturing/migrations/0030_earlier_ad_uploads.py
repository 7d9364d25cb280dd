"""Who was in an audience when a file of it left the house before uploads were noted: they can be taken off, too."""

from django.db import migrations

NOTE = """
WITH left_the_house AS (
    SELECT audience_id, network, max(at) AS at FROM nurturing_audienceexport WHERE NOT removal GROUP BY 1, 2
), given AS (
    SELECT member.audience_id, export.network, member.lead_id, export.at,
        normalize(lower(trim(lead.email::text)), NFC) AS address
    FROM left_the_house export
    JOIN nurturing_audiencemember member
        ON member.audience_id = export.audience_id AND member.since <= export.at
    JOIN leads_lead lead ON lead.id = member.lead_id AND lead.email IS NOT NULL
)
INSERT INTO nurturing_audienceupload (audience_id, lead_id, network, at, hashed)
SELECT audience_id, lead_id, network, at, encode(sha256(convert_to(
    CASE WHEN network = 'google' AND address ~ '@(gmail|googlemail)[.]com$'
        THEN replace(split_part(address, '@', 1), '.', '') || '@' || split_part(address, '@', 2)
        ELSE address END, 'UTF8')), 'hex')
FROM given ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("nurturing", "0029_ad_uploads"),
    ]

    operations = [migrations.RunSQL(NOTE, migrations.RunSQL.noop)]
