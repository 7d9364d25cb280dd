"""Pages around a version: publish it now or later, bring it back, agree to it, compare it, see who did what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.admin_kinds import OneRow
from scoring.audit import entries
from scoring.definition import fingerprint
from scoring.models import ModelVersion, Publication, PublishingPolicy
from scoring.publication_forms import HELP, PublicationForm
from scoring.services import publishing
from scoring.services.approvals import MayNotApprove, NotApproved, approval_of, approve, own_of
from scoring.services.foresight import foresee
from scoring.services.publishing import CannotSchedule, NotWaiting
from scoring.services.versions import CannotPublish, CannotRollBack, NotADraft, check, publish, roll_back
from scoring.versions import compared, version_before

REFUSALS = (CannotPublish, NotADraft, NotApproved, CannotRollBack, CannotSchedule)
UNCHANGED = "Not published, nothing has changed."


@admin.register(PublishingPolicy)
class PublishingPolicyAdmin(OneRow):
    pass


class PublicationPages(admin.ModelAdmin):
    """Everything that is done to a whole version."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self._page("<int:pk>/publication/", self.publication, "publish"),
            self._page("<int:pk>/return/", self.rollback, "return"),
            self._page("<int:pk>/approval/", require_POST(self.approval), "approve"),
            self._page("<int:pk>/cancellation/", require_POST(self.cancellation), "cancel"),
            self._page("<int:pk>/difference/", require_GET(self.difference), "difference"),
            self._page("<int:pk>/log/", require_GET(self.log), "log"),
            *super().get_urls(),
        ]

    def _page(self, route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        guarded = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(view))
        return path(route, guarded, name=f"scoring_modelversion_{name}")

    def _version(self, request: HttpRequest, pk: int, *, to_change: bool = True) -> ModelVersion:
        allowed = (
            admin.ModelAdmin.has_change_permission if to_change else admin.ModelAdmin.has_view_permission
        )
        if not allowed(self, request):
            raise PermissionDenied
        return get_object_or_404(ModelVersion, pk=pk)

    def publication(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, self._version(request, pk), _publish, "Publish")

    def rollback(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, self._version(request, pk), _roll_back, "Bring back")

    def _act(
        self, request: HttpRequest, version: ModelVersion, act: Callable[..., str], verb: str
    ) -> HttpResponse:
        form = PublicationForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                said = act(version, request.user, **form.cleaned_data)
            except REFUSALS as error:
                messages.error(request, f"{UNCHANGED} {error}")
            else:
                messages.success(request, said)
                return self._back(version)
        return self._asked(request, version, form, verb)

    def _asked(
        self, request: HttpRequest, version: ModelVersion, form: PublicationForm, verb: str
    ) -> HttpResponse:
        """The form, with what the act would do."""
        problems = check(version)
        ahead = None if problems else foresee(version)
        if ahead and not form.is_bound:
            form.initial = {"mode": Publication.Mode.FIRE, "per_hour": ahead.pace if ahead.entering else None}
        context = {
            **self._context(request, version, f"{verb} version {version.number}"),
            "form": form,
            "verb": verb,
            "problems": problems,
            "ahead": ahead,
            "help": HELP,
            "back": verb != "Publish",
            "difference": compared(ModelVersion.objects.published(), version),
            "needs_approval": version.is_draft and PublishingPolicy.current().needs_approval,
            "approval": version.is_draft and approval_of(version),
        }
        status = 422 if request.method == "POST" else 200
        return render(request, "admin/scoring/modelversion/publication.html", context, status=status)

    def approval(self, request: HttpRequest, pk: int) -> HttpResponse:
        version = self._version(request, pk)
        try:
            approve(version=version, actor=request.user, seen=request.POST.get("seen", ""))
        except MayNotApprove as error:
            messages.error(request, f"Not approved. {error}")
        else:
            messages.success(
                request, f"You approved version {version.number} as it stands. An edit asks anew."
            )
        return self._back(version)

    def cancellation(self, request: HttpRequest, pk: int) -> HttpResponse:
        version = self._version(request, pk)
        plan = get_object_or_404(Publication, version=version, pk=_number(request.POST.get("plan")))
        try:
            publishing.cancel(publication=plan, actor=request.user)
        except NotWaiting as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Cancelled. The draft stays as it is.")
        return self._back(version)

    def difference(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Against any other version; against the one before, if none is chosen."""
        version = self._version(request, pk, to_change=False)
        chosen = request.GET.get("against", "")
        other = get_object_or_404(ModelVersion, pk=_number(chosen)) if chosen else version_before(version)
        context = {
            **self._context(request, version, f"What changed in version {version.number}"),
            "other": other,
            "difference": compared(other, version),
            "versions": ModelVersion.objects.exclude(pk=pk)[:200],
        }
        return render(request, "admin/scoring/modelversion/difference.html", context)

    def log(self, request: HttpRequest, pk: int) -> HttpResponse:
        version = self._version(request, pk, to_change=False)
        found, older = entries(version, before=request.GET.get("before", ""))
        context = {
            **self._context(request, version, f"Who did what to version {version.number}"),
            "entries": found,
            "older": older,
        }
        return render(request, "admin/scoring/modelversion/log.html", context)

    def _context(self, request: HttpRequest, version: ModelVersion, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "version": version,
            "opts": self.opts,
        }

    def _back(self, version: ModelVersion) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:scoring_modelversion_change", args=[version.pk]))


def standing(version: ModelVersion, user: Any) -> dict[str, Any]:
    """What stands between a draft and its publication, for its page."""
    if not version.is_draft:
        return {"publication": Publication.objects.of(version)}
    return {
        "plan": Publication.objects.waiting().filter(version=version).select_related("requested_by").first(),
        "blocked": version.publications.filter(state="blocked").order_by("-pk").first(),
        "needs_approval": PublishingPolicy.current().needs_approval,
        "approval": approval_of(version),
        "own": user.pk in own_of(version),
        "seen": fingerprint(version),
    }


def _publish(version: ModelVersion, actor: Any, *, mode: str, per_hour: int | None, at: Any) -> str:
    if at:
        publishing.schedule(version=version, actor=actor, mode=mode, per_hour=per_hour, at=at)
        return f"Version {version.number} is scheduled. You can cancel it until then."
    publish(version=version, actor=actor, mode=mode, per_hour=per_hour)
    return _follow(version.number, mode)


def _roll_back(version: ModelVersion, actor: Any, *, mode: str, per_hour: int | None, at: Any) -> str:
    if at:
        raise CannotSchedule("Going back happens at once. For a date, make a draft from this version.")
    made = roll_back(to=version, actor=actor, mode=mode, per_hour=per_hour)
    return f"Version {version.number} is back, as version {made.number}. {_follow(made.number, mode)}"


def _follow(number: int, mode: str) -> str:
    if mode == Publication.Mode.NEW_EVENTS:
        return f"Version {number} is published. Scores follow as leads do something."
    return f"Version {number} is published. All leads are being scored anew."


def _number(text: Any) -> int:
    return int(text) if text and str(text).isdecimal() and len(str(text)) < 10 else 0
