"""Six thousand real course seekers by CSV mapping: their odd columns become fields that rules can use."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from leads.models import CustomField, Lead, LeadOutcome
from scoring.explain import explain
from scoring.models import QualificationCycle, Score
from scoring.services.versions import create_from, publish

# Set by sales after the contact: no rule may know them.
LATER = [
    "Tags", "Lead Quality", "Lead Profile", "Asymmetrique Activity Index", "Asymmetrique Profile Index",
    "Asymmetrique Activity Score", "Asymmetrique Profile Score",
]  # fmt: skip
MAPPING = {
    "columns": {
        "Prospect ID": "external_id",
        "Lead Number": None,
        "Lead Source": "source",
        "Country": "country",
        "City": "city",
        **dict.fromkeys(LATER),
    },
    "outcome": {"column": "Converted", "won": ["1"], "lost": ["0"]},
}
GROUPS = [
    {"key": "fit", "name": "Fit", "axis": "fit", "minimum": -40, "maximum": 100},
    {"key": "intent", "name": "Intent", "axis": "engagement", "minimum": 0, "maximum": 60},
]


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(MAPPING))
    return file


def run(*args: str) -> dict[str, Any]:
    out = StringIO()
    call_command(*args, "--json", stdout=out)
    return json.loads(out.getvalue())


def field(label: str) -> str:
    return f"custom.{CustomField.objects.get(label=label).key}"


def rule(key: str, points: int, name: str, op: str, value: Any) -> dict[str, Any]:
    conditions = [{"field": name, "op": op, "value": value}]
    return {
        "key": key,
        "name": key,
        "group": "fit",
        "subject": "fit",
        "points": points,
        "conditions": conditions,
    }


def publish_rules() -> None:
    rules = [
        rule("ten minutes on the site", 40, field("Total Time Spent on Website"), "at_least", 600),
        rule(
            "working professional", 30, field("What is your current occupation"), "is", "Working Professional"
        ),
        rule("came by reference", 30, "source", "in", ["Reference", "Welingak Website"]),
        rule("asked not to be mailed", -20, field("Do Not Email"), "is", "yes"),
    ]
    draft = create_from(
        groups=GROUPS, rules=rules, note="For course seekers", threshold=40, fit_floor=0, margin=5
    )
    publish(version=draft)


def test_the_file_goes_in_once_and_its_rules_find_those_who_bought(shared: Path, mapping: Path, db: None):
    file = str(shared / "xeducation" / "leads_dev.csv.gz")

    tried = run("import_leads", file, "--mapping", str(mapping), "--dry-run")
    assert tried["new"] == 6514
    assert not Lead.objects.exists(), "a dry run writes nothing"

    report = run("import_leads", file, "--mapping", str(mapping))
    assert (report["new"], report["bad"]) == (6514, [])
    assert run("import_leads", file, "--mapping", str(mapping))["unchanged"] == 6514
    assert (
        LeadOutcome.objects.filter(result="won").count() + LeadOutcome.objects.filter(result="lost").count()
        == 6514
    )
    assert not CustomField.objects.filter(label__in=LATER).exists()
    assert not Lead.objects.filter(city="Select").exists(), "Select means not answered"

    publish_rules()
    assert run("rescore")["leads"] == 6514

    assert QualificationCycle.objects.count() == Score.objects.filter(qualified=True).count() > 500
    assert won_share(qualified=True) > 2 * won_share(qualified=False)
    for score in Score.objects.filter(qualified=True).select_related("lead")[:25]:
        assert sum(line.points for line in explain(score.lead).lines) == score.total


def won_share(*, qualified: bool) -> float:
    leads = Lead.objects.filter(score__qualified=qualified)
    return leads.filter(outcome__result="won").count() / leads.count()
