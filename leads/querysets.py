"""Questions we ask about leads and what they did, in the words marketers use. Chain them freely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.functions import Coalesce, Concat, Lower

if TYPE_CHECKING:
    from accounts.models import User


MOST_COMPANIES = 200  # whose people a search for a company's name brings


def names_and_address() -> Lower:
    """What a search looks at. Letter for letter the expression of lead_search_idx, or the index is not used."""
    return Lower(
        Concat(
            Coalesce("email", Value("")),
            Value(" "),
            "first_name",
            Value(" "),
            "last_name",
            output_field=TextField(),
        )
    )


class _IsOneOf(Func):
    """A column and an array: the column's index finds what is in it."""

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()


def sold_to_by(rep: User | Any) -> Q:
    """Leads that a rep owns, or has an open deal with: after a merge two reps may each have one with one lead.

    Compared with an array, which an index can answer beside the one of owners; a subquery cannot.
    """
    leads = apps.get_model("leads", "Lead")._base_manager
    with_deal = leads.filter(opportunities__owner=rep.pk, opportunities__closed_at=None).values("pk")
    return Q(owner=rep.pk) | Q(_IsOneOf(F("pk"), ArraySubquery(with_deal)))


def leads_of(rep: User | Any) -> models.QuerySet:
    """For rows that hang on a lead, also on one that was merged into another."""
    return apps.get_model("leads", "Lead")._base_manager.filter(sold_to_by(rep))


class LeadQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """The only door to leads. Reps see those they sell to; everybody else in the company sees all."""
        people = self.filter(merged_into=None, erased_at=None)
        return people.filter(sold_to_by(user)) if user.is_rep else people

    def with_score(self) -> Self:
        """Joins the score by its relation name: a narrow table of the floor above, and no import of it."""
        return self.select_related("score")

    def latest_active_first(self) -> Self:
        return self.order_by(F("pulse__last_active_at").desc(nulls_last=True), "-pk")

    def matching(self, words: str) -> Self:
        """Names, address or company hold these words, from two letters on; fewer match nobody.

        Two letters only match where a name begins: an index of three-letter pieces finds no less.
        """
        words = " ".join(words.lower().split())
        if len(words) < 2:
            return self.none()
        firms = list(
            apps.get_model("leads", "Company")
            .objects.matching(words)
            .values_list("pk", flat=True)[:MOST_COMPANIES]
        )
        found = self.annotate(searched=names_and_address())
        if len(words) == 2:
            begins = Q(searched__startswith=words) | Q(searched__contains=f" {words}")
            return found.filter(begins | Q(company__in=firms))
        return found.filter(Q(searched__contains=words) | Q(company__in=firms))

    def suppressed(self) -> Self:
        return self.filter(suppressions__isnull=False)

    def mailable(self) -> Self:
        """Have an address, and neither the address nor the person is suppressed or disqualified."""
        return self.exclude(email=None).filter(disqualification=None, suppressions=None)


class CompanyQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Reps see the companies of those they sell to."""
        return self.filter(leads__in=leads_of(user)).distinct() if user.is_rep else self

    def matching(self, words: str) -> Self:
        """The name or domain holds these words; two letters only match where a name begins."""
        words = " ".join(words.lower().split())
        if len(words) < 2:
            return self.none()
        found = self.annotate(searched=Lower(Concat("name", Value(" "), "domain", output_field=TextField())))
        if len(words) == 2:
            return found.filter(Q(searched__startswith=words) | Q(searched__contains=f" {words}"))
        return found.filter(searched__contains=words)


class ActivityQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        return self.filter(lead__in=leads_of(user)) if user.is_rep else self

    def newest_first(self) -> Self:
        return self.order_by("-occurred_at", "-id")


class PersonRequestQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Admins answer for what is held on people."""
        return self if user.role == "admin" else self.none()


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Marketing imports; sales does not see the files."""
        return self if user.works_in_marketing else self.none()


class HitQuerySet(models.QuerySet):
    def visible_to(self, user: User | Any) -> Self:
        """Marketing tells machines from people; sales sees the marks on its leads' timelines."""
        return self if user.works_in_marketing else self.none()

    def released(self) -> Self:
        """What a colleague or a rule gave back to a person."""
        said = Q(decided="person") | Q(reasons__contains=["people"])
        return self.filter(said, machine=False).exclude(activity="")

    def quarantined(self) -> Self:
        """What did not count, and can be released. The hidden link and our own pages never count."""
        return self.filter(machine=True).exclude(activity="")
