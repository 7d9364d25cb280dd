"""Taking an offer back: the undo of a hand-off, and a manager's way to free a lead."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from handoff.errors import HandoffError
from handoff.services.offers import withdraw
from handoff.views import answers
from handoff.views.counts import counts_of
from handoff.views.inbox import find
from handoff.views.queue import detail_url, find_cycle, list_context, sheet_context


@login_required
@require_POST
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    if request.user.is_rep:  # type: ignore[union-attr]
        raise PermissionDenied
    words, refused = f"{handoff.lead.name} is back in the queue.", False
    try:
        withdraw(handoff=handoff, actor=request.user)
    except HandoffError as error:
        words, refused = str(error), True
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return answers.go(request, detail_url(request, handoff.cycle_id), words, problem=refused)
    sheet = sheet_context(request, find_cycle(request, handoff.cycle_id))
    parts = [
        ("handoff/_sheet.html", sheet),
        ("handoff/_queue.html", list_context(request) | {"oob": True, "selected_pk": handoff.cycle_id}),
        ("handoff/_counts.html", counts_of(request.user)),
        answers.toast(words, tone="warn" if refused else ""),
    ]
    response = answers.fragments(request, parts, answers.CONFLICT if refused else 200)
    response["HX-Push-Url"] = detail_url(request, handoff.cycle_id)
    response["HX-Retarget"], response["HX-Reswap"] = "#sheet", "innerHTML"
    return response
