"""A database of its own for a measurement: made once per size, filled by the server itself, kept for the next run.

One that could not be filled is dropped at once. `bench clean` drops them all.

Leads differ in how busy they are as real ones do (a few have thousands of activities, most have some), activities
lie in the order of time, so that one lead's are scattered, and about 15,000 shapes describe them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from leads import partitions

PREFIX = "tandem_bench_"
SHAPES = 15_000
KINDS = [
    "page_view",
    "page_view",
    "page_view",
    "page_view",
    "page_view",
    "engaged_time",
    "engaged_time",
    "email_sent",
    "email_open",
    "email_click",
    "content_download",
    "form_submit",
    "webinar_attended",
    "ad_click",
]
PATHS = [
    "/pricing",
    "/plans",
    "/solutions/a",
    "/solutions/b",
    "/product/x",
    "/careers",
    "/blog/a",
    "/blog/b",
    "/about",
    "/customers",
]

SHAPES_SQL = """
INSERT INTO leads_activityshape (kind, props, machine, hash)
SELECT kind, CASE kind
    WHEN 'content_download' THEN jsonb_build_object('asset', 'asset-' || i %% 300)
    WHEN 'email_click' THEN jsonb_build_object('campaign', 'campaign-' || i %% 200, 'url', 'https://x.example/' || i)
    ELSE jsonb_build_object('path', path || '/' || i) END,
    false, decode(md5(i::text), 'hex')
FROM (SELECT i, (%s::text[])[1 + i %% %s] AS kind, (%s::text[])[1 + (i / 7) %% %s] AS path
      FROM generate_series(1, %s) i) made
"""
COMPANIES_SQL = """
INSERT INTO leads_company (name, domain, industry, employees, revenue, country, technologies, provenance, created_at)
SELECT 'Company ' || i, 'company' || i || '.example',
    (ARRAY['software', 'logistics', 'retail', 'energy', 'mining', ''])[1 + i % 6],
    5 + (i * 7919) % 9000, 1000000 * (i % 60)::bigint, (ARRAY['Norway', 'Germany', 'Chile', 'Japan', ''])[1 + i % 5],
    CASE i % 7 WHEN 0 THEN ARRAY['salesforce'] ELSE ARRAY[]::text[] END, '{}', now()
FROM generate_series(1, %s) i
"""
LEADS_SQL = """
INSERT INTO leads_lead (id, email, first_name, last_name, phone, title, seniority, department, country, city,
    time_zone, company_id, source, campaign, custom, provenance, stage, created_at)
SELECT i, 'person' || i || '@company' || 1 + i % %s || '.example', 'First' || i % 997, 'Last' || i % 7919, '',
    (ARRAY['Operations Director', 'Shift Manager', 'Sales Analyst', 'Planner', 'Founder', ''])[1 + i % 6],
    (ARRAY['director', 'manager', 'staff', '', 'owner', 'entry'])[1 + i % 6], '',
    (ARRAY['Norway', 'Germany', 'Chile', 'Japan', ''])[1 + i % 5], '', '', 1 + i % %s,
    (ARRAY['Webinar', 'Event', 'Organic search', 'Paid search'])[1 + i % 4], '', '{}', '{}', 'lead',
    now() - interval '1 year' * (i::float / %s)
FROM generate_series(1, %s) i
"""
ACTIVITIES_SQL = """
INSERT INTO leads_activity (lead_id, subject_id, shape_id, occurred_at, seconds, amount, props)
SELECT lead, lead, shape, at, CASE WHEN shape % 14 IN (6, 7) THEN 10 + shape % 400 ELSE 0 END, 0,
    jsonb_build_object('referrer', 'https://www.example.com/search?q=' || shape, 'agent', 'Mozilla/5.0 (X11)')
FROM (SELECT 1 + floor(%s * power(random(), 2.2))::bigint AS lead,
             1 + floor(%s * power(random(), 1.5))::int AS shape,
             now() - interval '1 year' + interval '1 year' * (i::float / %s) - interval '1 minute' AS at
      FROM generate_series(1, %s) i) made
"""


@contextmanager
def database(leads: int, activities: int) -> Iterator[None]:
    """The default connection points to a filled scratch database inside, and back to its own afterwards."""
    name = f"{PREFIX}{leads}_{activities}"
    fresh = _create(name)
    usual = connection.settings_dict["NAME"]
    _point_to(name)
    try:
        if fresh:
            _fill_or_drop(name, usual, leads, activities)
        else:
            migrate()  # it may be older than the tables of today
        yield
    finally:
        _point_to(usual)


def _fill_or_drop(name: str, usual: str, leads: int, activities: int) -> None:
    """Half a database would pass for a whole one in the next run."""
    try:
        fill(leads, activities)
    except BaseException:
        _point_to(usual)
        drop(name)
        raise


def kept() -> list[str]:
    """The names of all scratch databases there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1", [PREFIX])
        return [name for (name,) in cursor.fetchall()]


def drop(name: str) -> None:
    """Raises OperationalError while a measurement uses it."""
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def _create(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone():
            return False
        cursor.execute(f'CREATE DATABASE "{name}"')
    return True


def _point_to(name: str) -> None:
    connection.close()
    connections["default"].settings_dict["NAME"] = name


def migrate() -> None:
    call_command("migrate", verbosity=0, interactive=False)


def fill(leads: int, activities: int) -> None:
    migrate()
    now, companies = timezone.now(), max(leads // 10, 1)
    partitions.ensure([now - timedelta(days=30 * month) for month in range(14)])
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no history rows for invented leads
        cursor.execute(SHAPES_SQL, [KINDS, len(KINDS), PATHS, len(PATHS), SHAPES])
        cursor.execute(COMPANIES_SQL.replace(" % ", " %% "), [companies])
        cursor.execute(
            LEADS_SQL.replace(" % ", " %% ").replace("%% %s", "%% %s"), [companies, companies, leads, leads]
        )
        cursor.execute(ACTIVITIES_SQL.replace(" % ", " %% "), [leads, SHAPES, activities, activities])
        cursor.execute("SELECT setval(pg_get_serial_sequence('leads_lead', 'id'), %s)", [leads])
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")
    call_command("publish_default_model", stdout=StringIO())
