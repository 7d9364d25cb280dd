"""Marketing has put right what sales complained about."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import roles
from handoff.models import Repair
from handoff.services.repairs import finish_repair
from handoff.views import answers
from handoff.views.queue import detail_url, find_cycle, list_context, sheet_context


@roles("marketer")
@require_POST
def repair(request: HttpRequest, cycle_pk: int) -> HttpResponse:
    cycle = find_cycle(request, cycle_pk)
    found = Repair.objects.visible_to(request.user).filter(handoff__cycle=cycle).order_by("-pk").first()
    if found is None:
        raise Http404
    won = finish_repair(repair=found, actor=request.user)
    words = f"{cycle.lead.name} is put right." if won else f"{cycle.lead.name} had been put right already."
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return answers.go(request, detail_url(request, cycle_pk), words)
    parts = [
        ("handoff/_sheet.html", sheet_context(request, cycle)),
        ("handoff/_queue.html", list_context(request) | {"oob": True, "selected_pk": cycle_pk}),
        answers.toast(words),
    ]
    return answers.fragments(request, parts)
