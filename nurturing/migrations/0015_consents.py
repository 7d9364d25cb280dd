import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from accounts.migrating import AtOnce


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0013_consents_begin"),
        ("nurturing", "0014_webhooks"),
    ]

    operations = [
        AtOnce(
            [
                pgtrigger.migrations.RemoveTrigger(
                    model_name="campaign",
                    name="insert_insert",
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="campaign",
                    name="update_update",
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="campaign",
                    name="delete_delete",
                ),
                migrations.AddField(
                    model_name="campaign",
                    name="topic",
                    field=models.ForeignKey(
                        blank=True,
                        help_text="What its mails are about. Whoever refused that gets none of them.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="campaigns",
                        to="leads.topic",
                    ),
                ),
                migrations.AddField(
                    model_name="campaignevent",
                    name="topic",
                    field=models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="What its mails are about. Whoever refused that gets none of them.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="leads.topic",
                    ),
                ),
                migrations.AddField(
                    model_name="message",
                    name="basis",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="That, or why without one, in words.",
                        max_length=200,
                    ),
                ),
                migrations.AddField(
                    model_name="message",
                    name="consent",
                    field=models.ForeignKey(
                        help_text="The entry this mail relied on.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="leads.consent",
                    ),
                ),
                migrations.AlterField(
                    model_name="enrolment",
                    name="ended_because",
                    field=models.CharField(
                        blank=True,
                        choices=[
                            ("completed", "Reached the end"),
                            ("goal", "Reached the goal"),
                            ("handed_off", "Sales took over"),
                            ("unsubscribed", "Must not be mailed"),
                            ("no_consent", "Did not agree to this topic"),
                            ("disqualified", "Disqualified"),
                            ("stopped", "Stopped by a colleague"),
                            ("campaign_ended", "The campaign ended"),
                            ("no_address", "Has no address"),
                            ("merged", "Merged into another lead"),
                            ("exited", "Left at a step"),
                        ],
                        max_length=16,
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="campaign",
                    trigger=pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "nurturing_campaignevent" ("activated_at", "cool_down_days", "created_at", "created_by_id", "doubt_policy", "goal", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment_id", "state", "topic_id") VALUES (NEW."activated_at", NEW."cool_down_days", NEW."created_at", NEW."created_by_id", NEW."doubt_policy", NEW."goal", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."segment_id", NEW."state", NEW."topic_id"); RETURN NULL;',
                            hash="3279734c2dc87f074e13b750c09ab0022e20c330",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_68f25",
                            table="nurturing_campaign",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="campaign",
                    trigger=pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "nurturing_campaignevent" ("activated_at", "cool_down_days", "created_at", "created_by_id", "doubt_policy", "goal", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment_id", "state", "topic_id") VALUES (NEW."activated_at", NEW."cool_down_days", NEW."created_at", NEW."created_by_id", NEW."doubt_policy", NEW."goal", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."segment_id", NEW."state", NEW."topic_id"); RETURN NULL;',
                            hash="5cc6cd3ee4de562d9985efa4b66d40345ad02be6",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_43bb9",
                            table="nurturing_campaign",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="campaign",
                    trigger=pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "nurturing_campaignevent" ("activated_at", "cool_down_days", "created_at", "created_by_id", "doubt_policy", "goal", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment_id", "state", "topic_id") VALUES (OLD."activated_at", OLD."cool_down_days", OLD."created_at", OLD."created_by_id", OLD."doubt_policy", OLD."goal", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."segment_id", OLD."state", OLD."topic_id"); RETURN NULL;',
                            hash="a085509a94e803deca0446b6d9a5c7aa409f6ba1",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_4f4d6",
                            table="nurturing_campaign",
                            when="AFTER",
                        ),
                    ),
                ),
            ]
        )
    ]
