"""Two versions side by side, in words."""

from scoring.audit import entries
from scoring.definition import model_of
from scoring.differences import difference, words_between
from scoring.models import ModelVersion
from scoring.services.versions import create_draft, publish


def test_words_that_stay_go_and_come():
    pieces = words_between("When a lead views a page, +25.", "When a lead views a page, +30.")

    assert pieces == (("same", "When a lead views a page,"), ("gone", "+25."), ("new", "+30."))


def test_a_version_says_what_it_changed(published):
    draft = create_draft()
    draft.rules.filter(key="pricing").update(points=31, window_hours=None)
    draft.rules.filter(key="demo").delete()
    draft.groups.filter(key="intent").update(maximum=70)
    ModelVersion.objects.filter(pk=draft.pk).update(threshold=60)

    found = difference(model_of(published), model_of(ModelVersion.objects.get(pk=draft.pk)))

    assert found.summary == "1 rule removed, 1 rule changed, 2 settings changed"
    assert found.settings[0] == ("MQL line", "50", "60")
    assert found.groups == ("Group “Intent” gives −60 to 70 points instead of −60 to 60 points.",)
    assert [piece for piece in found.changed[0].pieces if piece.kind == "gone"]
    assert found.removed[0].name == "Asked for a demo"


def test_a_copy_says_the_same(published):
    assert not difference(model_of(published), model_of(create_draft()))


def test_the_log_names_who_did_what(published, ada, client_of):
    draft = create_draft(actor=ada)
    rule = draft.rules.get(key="pricing")
    rule.points = 31
    rule.save()
    publish(version=draft, actor=ada)

    found, older = entries(draft)

    assert {entry.what for entry in found} == {
        "Published it: score everybody anew, and hand on those who qualify.",
        "Changed rule “Pricing page, more than 2 times in 7 days”: points from 30 to 31.",
        "Made the draft.",
    }
    assert found[0].who == str(ada)
    assert older == ""
