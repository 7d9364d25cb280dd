from django.db import migrations

CREATE = """
CREATE FUNCTION leads_note_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO leads_touch (lead_id) SELECT DISTINCT lead_id FROM gone;
    RETURN NULL;
END $$;
CREATE TRIGGER leads_activity_deleted AFTER DELETE ON leads_activity
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION leads_note_deleted();
"""
DROP = """
DROP TRIGGER leads_activity_deleted ON leads_activity;
DROP FUNCTION leads_note_deleted();
"""


class Migration(migrations.Migration):
    """Whoever deletes activities, by whatever way: their leads are looked at again, so no score stays that they gave."""

    dependencies = [("leads", "0009_re_entries")]
    operations = [migrations.RunSQL(CREATE, DROP)]
