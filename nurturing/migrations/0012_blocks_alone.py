"""The text is read from the blocks now."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

from accounts.migrating import AtOnce


class Migration(migrations.Migration):
    dependencies = [("nurturing", "0011_texts_become_blocks")]

    operations = [
        AtOnce(
            [
                pgtrigger.migrations.RemoveTrigger(
                    model_name="step",
                    name="insert_insert",
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="step",
                    name="update_update",
                ),
                pgtrigger.migrations.RemoveTrigger(
                    model_name="step",
                    name="delete_delete",
                ),
                migrations.RemoveField(
                    model_name="step",
                    name="body",
                ),
                migrations.RemoveField(
                    model_name="stepevent",
                    name="body",
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="step",
                    trigger=pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "nurturing_stepevent" ("branch", "content", "id", "key", "kind", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "preheader", "settings", "subject", "version_id") VALUES (NEW."branch", NEW."content", NEW."id", NEW."key", NEW."kind", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."preheader", NEW."settings", NEW."subject", NEW."version_id"); RETURN NULL;',
                            hash="277d5691fadedd9b4039f4d3df9889f2cbd63b65",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_959a8",
                            table="nurturing_step",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="step",
                    trigger=pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "nurturing_stepevent" ("branch", "content", "id", "key", "kind", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "preheader", "settings", "subject", "version_id") VALUES (NEW."branch", NEW."content", NEW."id", NEW."key", NEW."kind", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."preheader", NEW."settings", NEW."subject", NEW."version_id"); RETURN NULL;',
                            hash="7327d933110264bcfb6cc9b8dd253f6c065aaf3d",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_431c9",
                            table="nurturing_step",
                            when="AFTER",
                        ),
                    ),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name="step",
                    trigger=pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "nurturing_stepevent" ("branch", "content", "id", "key", "kind", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "preheader", "settings", "subject", "version_id") VALUES (OLD."branch", OLD."content", OLD."id", OLD."key", OLD."kind", OLD."parent_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."preheader", OLD."settings", OLD."subject", OLD."version_id"); RETURN NULL;',
                            hash="ba3e1c35e4fe6a32ad5116add850868246960421",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_3b009",
                            table="nurturing_step",
                            when="AFTER",
                        ),
                    ),
                ),
            ]
        )
    ]
