"""What a user agent gives away.

Lists   crawler-user-agents (MIT), about 1,500 patterns, and our own words for mail gateways and libraries
Kinds   picture proxies of mail services fetch when somebody reads, so they are people's when a mail is opened
"""

from __future__ import annotations

import re
from functools import lru_cache

from crawleruseragents import is_crawler

LONGEST = 500
APPLE = "Mozilla/5.0"  # Apple's mail privacy proxy says exactly this
_READERS = re.compile(
    r"GoogleImageProxy|YahooMailProxy|ms-office|MSOffice|Microsoft Office|Outlook", re.IGNORECASE
)
_OFFICE = re.compile(r"ms-office|MSOffice|Microsoft Office|Microsoft Data Access", re.IGNORECASE)
_ROBOTS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|preview|prefetch|headless|phantomjs|lighthouse|monitor|scanner"  # a Cubot rings
    r"|safelinks|proofpoint|urldefense|mimecast|barracuda|cisco ?secure|ironport|messagelabs|symantec|fireeye|trellix"
    r"|trend ?micro|\btmes\b|forti(?:mail|guard|sandbox)|sophos|f-secure|withsecure|trustwave|zscaler|avanan|cloudmark"
    r"|vade(?:secure|retro)?\b|hornetsecurity|spamtitan|clamav|kaspersky|eset\b|virustotal|urlscan|linkcheck|unfurl"
    r"|facebookexternalhit|slack-?img|skypeuri|microsoft-?teams-?(?:link|preview)"
    r"|\bcurl\b|\bwget\b|python|go-http|okhttp|libwww|java/|apache-http|node-fetch|axios|undici|guzzle|scrapy|libredirect",
    re.IGNORECASE,
)
_OLD = re.compile(r"MSIE |Trident/|Chrome/(?:[1-7]?[0-9])\.|Firefox/(?:[1-6]?[0-9])\.")
_MODERN = re.compile(
    r"Chrome/(?:9\d|1\d\d|[2-9]\d\d)|Firefox/(?:9\d|1\d\d|[2-9]\d\d)"
    r"|Version/(?:1[7-9]|[2-9]\d)\S* (?:Mobile/\S+ )?Safari/"
)


@lru_cache(maxsize=8192)
def robot(agent: str) -> str:
    """The part of a user agent that gives a machine away; empty for people."""
    agent = agent[:LONGEST]
    found = _ROBOTS.search(agent)
    if found:
        return found.group().strip("/ ")
    return agent[:60] if is_crawler(agent) else ""


def reads_mail(agent: str) -> bool:
    """A mail program, or the picture proxy of one that fetches when its reader looks."""
    return _READERS.search(agent[:LONGEST]) is not None


def is_office(agent: str) -> bool:
    """Office looks at a link before it hands it to the browser."""
    return _OFFICE.search(agent[:LONGEST]) is not None


def is_old(agent: str) -> bool:
    return _OLD.search(agent[:LONGEST]) is not None


def is_modern(agent: str) -> bool:
    """A browser that says how it came to a page, over https."""
    return _MODERN.search(agent[:LONGEST]) is not None
