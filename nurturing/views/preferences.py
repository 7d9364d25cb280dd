"""The preference page: what we send somebody, by topic. No sign-in; the signed address from a mail is the key.

A GET shows and changes nothing, because scanners follow every link. The page speaks English and German.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.addresses import client_address
from accounts.models import Organisation
from leads.models import Consent
from leads.services.consent import CannotLift
from leads.services.consents import Origin
from nurturing import languages, tokens
from nurturing.models import Message
from nurturing.services import preferences
from nurturing.services.preferences import Choices, Present
from nurturing.views.public import message_of, read

CHANNELS = ("phone", "ads")


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    mark = read(tokens.PREFERENCES, token)
    if mark.key == tokens.TEST:
        return render(
            request, "nurturing/preferences.html", {"organisation": Organisation.current(), "test": True}
        )
    message = message_of(mark)
    now = preferences.present(message)
    with translation.override(_locale(request, now)):
        if request.method == "POST":
            return _post(request, message, now)
        return _page(request, message, now)


def _post(request: HttpRequest, message: Message, now: Present) -> HttpResponse:
    origin = partial(_origin, request, message)
    verb = request.POST.get("do", "")
    if verb == "save":
        return _save(request, message, now, origin())
    if verb == "stop":
        preferences.stop_all(message=message, origin=origin())
    elif verb == "not-me":
        words = _("This address is not mine. Please do not write to it.")
        preferences.not_me(message=message, wording=words, origin=origin())
    else:
        return _page(request, message, now)
    return _done(request, verb)


def _save(request: HttpRequest, message: Message, now: Present, origin: Origin) -> HttpResponse:
    choices = _choices(request.POST, now)
    try:
        preferences.choose(message=message, choices=choices, origin=origin)
    except CannotLift:
        return _page(request, message, now, locked=True, status=409)
    return _done(request, "save")


def _choices(data: QueryDict, now: Present) -> Choices:
    """Unknown values count as not said."""
    shown, wanted = set(data.getlist("shown")), set(data.getlist("topic"))
    topics = {topic.pk: str(topic.pk) in wanted for topic in now.topics if str(topic.pk) in shown}
    channels = {name: name in data.getlist("channel") for name in CHANNELS} if "channels" in data else {}
    pause = data.get("pause", "")
    language = data.get("language", "")
    return Choices(
        topics,
        channels,
        pause if pause in (*preferences.PAUSES, preferences.AT_ONCE) else preferences.KEEP,
        language if language in languages.NAMES else "",
        _words(now, topics, channels, pause),
    )


def _words(now: Present, topics: dict[int, bool], channels: dict[str, bool], pause: str) -> dict[str, str]:
    """What stood on the page beside each choice, and what was chosen."""
    answer = {True: _("yes"), False: _("no")}
    words = {
        f"topic-{topic.pk}": f"{topic.name}. {topic.description}: {answer[topics.get(topic.pk, False)]}"
        for topic in now.topics
    }
    words |= {name: f"{_channel_words()[name]}: {answer[wanted]}" for name, wanted in channels.items()}
    paused = pause in preferences.PAUSES
    words["pause"] = _("Pause %(days)s days") % {"days": pause} if paused else _("No pause")
    words["again"] = _("Topics were switched on again on the preference page.")
    return words


def _channel_words() -> dict[str, str]:
    return {"phone": _("You may call me"), "ads": _("You may show me advertising on other sites")}


def _page(
    request: HttpRequest, message: Message, now: Present, *, locked: bool = False, status: int = 200
) -> HttpResponse:
    language = (translation.get_language() or "en")[:2]
    channels = [(name, words, now.channels[name]) for name, words in _channel_words().items()]
    context: dict[str, Any] = {
        "address": message.to_address,
        "organisation": Organisation.current(),
        "now": now,
        "channels": channels,
        "pauses": preferences.PAUSES,
        "languages": languages.NAMES.items(),
        "language": language,
        "locked": locked or not preferences.may_come_back(now.suppression),
        "done": request.GET.get("done", "") if request.method != "POST" else "",
    }
    return render(request, "nurturing/preferences.html", context, status=status)


def _done(request: HttpRequest, verb: str) -> HttpResponse:
    return redirect(f"{request.path}?done={verb}")


def _locale(request: HttpRequest, now: Present) -> str:
    """What they chose here, else what we know, else what their browser asks for."""
    asked = languages.known(request.GET.get("lang", "")) or languages.known(now.lead.language)
    return languages.spoken_by(asked or languages.asked_for(request.headers.get("Accept-Language", "")))


def _origin(request: HttpRequest, message: Message) -> Origin:
    evidence = {"mail": message.key.hex, "program": request.headers.get("User-Agent", "")[:200]}
    return Origin(Consent.Source.PREFERENCES, ip=client_address(request), evidence=evidence)
