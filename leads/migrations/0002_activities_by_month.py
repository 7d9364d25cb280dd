from django.db import migrations

CREATE = """
CREATE SEQUENCE leads_activity_id_seq;
CREATE TABLE leads_activity (
    id bigint NOT NULL DEFAULT nextval('leads_activity_id_seq'),
    lead_id bigint NOT NULL,
    subject_id bigint NOT NULL,
    shape_id integer NOT NULL,
    seconds integer NOT NULL DEFAULT 0 CHECK (seconds >= 0),
    amount bigint NOT NULL DEFAULT 0,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    message_id varchar(100) NOT NULL DEFAULT '',
    props jsonb,
    PRIMARY KEY (lead_id, occurred_at, id) INCLUDE (shape_id, seconds, amount)
) PARTITION BY RANGE (occurred_at);
ALTER SEQUENCE leads_activity_id_seq OWNED BY leads_activity.id;
CREATE INDEX leads_activity_time ON leads_activity USING brin (occurred_at);
ALTER TABLE leads_touch SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);
ALTER TABLE leads_pulse SET (fillfactor = 70);
"""
DROP = "DROP TABLE leads_activity CASCADE;"


class Migration(migrations.Migration):
    """The big table, partitioned by month; leads.partitions makes the months.

    The primary key carries what scoring reads, so that a lead's facts come from the index alone.
    """

    dependencies = [("leads", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
