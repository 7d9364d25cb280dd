"""Runs stood at a number; now they stand at a step. Waits keep their time among the settings of their kind."""

from django.db import migrations

# The same step in every version of a campaign has the same key. Frozen steps refuse changes, but what they say stays.
FORWARDS = [
    "ALTER TABLE nurturing_step DISABLE TRIGGER USER",
    """
    UPDATE nurturing_step step SET
        key = md5(concat_ws(':', version.campaign_id, step.position, step.kind, step.subject))::uuid,
        settings = CASE WHEN step.wait_minutes IS NULL THEN '{}'::jsonb
                   ELSE jsonb_build_object('minutes', step.wait_minutes) END
    FROM nurturing_campaignversion version WHERE version.id = step.version_id
    """,
    "SET CONSTRAINTS ALL IMMEDIATE",
    "ALTER TABLE nurturing_step ENABLE TRIGGER USER",
    """
    UPDATE nurturing_enrolment run SET step_id = step.id FROM nurturing_step step
    WHERE step.version_id = run.version_id AND step.position = run.position AND run.ended_at IS NULL
    """,
]


class Migration(migrations.Migration):
    dependencies = [("nurturing", "0004_step_graph")]

    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
