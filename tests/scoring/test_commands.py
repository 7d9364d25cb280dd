"""What scripts rely on: one JSON object on stdout and nothing else."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from scoring.models import ModelVersion, Score


def output(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_rescore_says_how_many_and_how_many_changed(published, keen):
    answer = json.loads(output("rescore", "--json"))

    assert {"leads": 1, "changed": 1}.items() <= answer.items()
    assert set(answer) == {"leads", "changed", "seconds"}


def test_rescore_of_named_leads_leaves_the_others_alone(published, keen, make_lead):
    other = make_lead()

    output("rescore", "--lead", str(keen.pk), "--json")

    assert list(Score.objects.values_list("lead_id", flat=True)) == [keen.pk]
    assert other.pk != keen.pk


def test_naming_two_leads_one_by_one_scores_both(published, keen, make_lead):
    other = make_lead()

    answer = json.loads(output("rescore", "--lead", str(keen.pk), "--lead", str(other.pk), "--json"))

    assert answer["leads"] == 2


def test_rescore_of_an_unknown_lead_is_refused_by_name(published):
    with pytest.raises(CommandError, match="999999"):
        output("rescore", "--lead", "999999")


def test_rescore_before_anything_is_published_says_what_to_do(db):
    with pytest.raises(CommandError, match="publish_default_model"):
        output("rescore", "--json")


def test_the_lines_of_an_explanation_sum_to_the_total(published, keen):
    answer = json.loads(output("explain_score", keen.email, "--json"))

    assert set(answer) == {"total", "fit", "engagement", "band", "version", "qualified", "lines"}
    assert (answer["total"], answer["qualified"]) == (50, True)
    assert sum(line["points"] for line in answer["lines"]) == answer["total"]
    assert all(set(line) == {"rule", "group", "points", "reason"} for line in answer["lines"])


def test_an_explanation_as_of_an_earlier_date_knows_nothing_later(published, keen):
    before = (timezone.now() - timedelta(days=2, hours=12)).isoformat()

    answer = json.loads(output("explain_score", keen.email, "--as-of", before, "--json"))

    assert answer["engagement"] == 0


def test_a_wrong_date_and_an_unknown_address_are_named(published, keen):
    with pytest.raises(CommandError, match="yesterday"):
        output("explain_score", keen.email, "--as-of", "yesterday")
    with pytest.raises(CommandError, match="nobody@nowhere"):
        output("explain_score", "nobody@nowhere.example")


def test_the_default_definition_is_published_once(db):
    output("publish_default_model")
    output("publish_default_model")

    version = ModelVersion.objects.get()
    assert version.state == "published"
    assert version.rules.filter(effect="critical").exists()
