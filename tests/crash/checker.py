"""The verdict: reads what the receiver wrote down and the rows, by plain SQL. Knows none of Tandem's code.

I1  the receiver stored each mail at most once
I2  every mail that was due ended, and was tried unless it was suppressed
I3  nothing is under way when all is quiet
I4  no mail passed its dot after its suppression was committed (by the database's own record of commits)
I5  within one run the receiver got the mails in their order
I6  what reports and timelines count is what a recount finds, and what the receiver has
I7  every change of a mail's state was one that the ledger knows, and each try passed the dot once
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg

# Set up by the run before the first mail: every change of a mail, with the transaction that made it.
HISTORY = """
CREATE TABLE crash_history (
    id bigserial PRIMARY KEY, message_id bigint, attempt int, before text, after text, reply text);
CREATE FUNCTION crash_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO crash_history (message_id, attempt, before, after, reply)
        VALUES (NEW.id, NEW.attempt, '', NEW.state, NEW.reply);
    ELSIF NEW.state <> OLD.state THEN
        INSERT INTO crash_history (message_id, attempt, before, after, reply)
        VALUES (NEW.id, NEW.attempt, OLD.state, NEW.state, NEW.reply);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER crash_note AFTER INSERT OR UPDATE ON nurturing_message FOR EACH ROW EXECUTE FUNCTION crash_note();
"""
KNOWN_CHANGES = {
    ("", "queued"),
    ("queued", "claimed"),
    ("queued", "suppressed"),
    ("queued", "accepted"),  # by a report about an earlier try
    ("claimed", "queued"),
    ("claimed", "dot"),
    ("claimed", "rejected"),
    ("claimed", "suppressed"),
    ("claimed", "parked"),
    ("claimed", "accepted"),
    ("dot", "accepted"),
    ("dot", "rejected"),
    ("dot", "queued"),
    ("dot", "parked"),
    ("dot", "unknown"),
    ("unknown", "accepted"),
    ("unknown", "rejected"),
    ("unknown", "queued"),
    ("unknown", "parked"),
    ("parked", "accepted"),
    ("parked", "suppressed"),
    ("suppressed", "accepted"),
}
MAILS = """
SELECT mail.id, replace(mail.key::text, '-', ''), mail.state, mail.attempt, mail.enrolment_id, step.position,
    mail.lease_until IS NOT NULL
FROM nurturing_message mail JOIN nurturing_step step ON step.id = mail.step_id
"""
LATE_DOTS = """
SELECT mail.id FROM nurturing_message mail
JOIN crash_history line ON line.message_id = mail.id AND line.after = 'dot'
JOIN leads_suppression veto ON lower(veto.address) = lower(mail.to_address)
WHERE pg_xact_commit_timestamp(line.xmin) > pg_xact_commit_timestamp(veto.xmin)
"""
UNFINISHED = """
SELECT run.id FROM nurturing_enrolment run WHERE run.ended_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM nurturing_message mail WHERE mail.enrolment_id = run.id AND mail.state IN ('unknown', 'parked'))
"""
INCOMPLETE = """
SELECT run.id FROM nurturing_enrolment run
JOIN nurturing_step step ON step.version_id = run.version_id AND step.kind = 'email'
WHERE run.ended_because = 'completed' AND NOT EXISTS (
    SELECT 1 FROM nurturing_message mail WHERE mail.enrolment_id = run.id AND mail.step_id = step.id)
"""
TIMELINE = """
SELECT count(*) FROM leads_activity deed JOIN leads_activityshape shape ON shape.id = deed.shape_id
WHERE shape.kind = 'email_sent'
"""
TWICE = """
SELECT message_id, attempt FROM crash_history WHERE after = 'dot' GROUP BY 1, 2 HAVING count(*) > 1
"""
SETTLED = """
SELECT before, after, reply LIKE '250 %', count(*) FROM crash_history WHERE after <> before GROUP BY 1, 2, 3
"""
UNKNOWN = "SELECT count(DISTINCT message_id) FROM crash_history WHERE after = 'unknown'"


def check(database: str, log: Path, counted: dict[str, int]) -> dict[str, Any]:
    """`counted`: what Tandem's own reports say, {"sent", "refused"}."""
    stored = [line for line in _lines(log) if line["did"] == "stored"]
    with psycopg.connect(database) as connection:
        return Checker(connection, stored, counted).verdict()


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


class Checker:
    def __init__(
        self, connection: psycopg.Connection, stored: list[dict[str, Any]], counted: dict[str, int]
    ) -> None:
        self.connection, self.counted = connection, counted
        self.copies = Counter(line["key"] for line in stored)
        self.first: dict[str, float] = {}
        for line in stored:
            self.first.setdefault(line["key"], line["t"])
        self.mails = self.rows(MAILS)
        self.violations: list[str] = []

    def rows(self, sql: str) -> list[Any]:
        return self.connection.execute(sql).fetchall()

    def verdict(self) -> dict[str, Any]:
        duplicates = sum(number - 1 for number in self.copies.values())
        self.note("I1", [key for key, number in self.copies.items() if number > 1])
        lost = self.every_mail_ended()
        self.all_is_quiet()
        self.note("I4", self.rows(LATE_DOTS))
        self.in_order()
        self.counters()
        self.changes()
        states = Counter(mail[2] for mail in self.mails)
        return {
            "messages": len(self.mails),
            "stored": len(self.copies),
            "states": dict(sorted(states.items())),
            "suppressions": self.rows("SELECT count(*) FROM leads_suppression")[0][0],
            "lost": lost,
            "duplicates": duplicates,
            "unknown": self.unknown(states),
            "violations": self.violations,
        }

    def note(self, name: str, what: list[Any]) -> None:
        if what:
            self.violations.append(f"{name}: {len(what)}, such as {what[:3]}")

    def every_mail_ended(self) -> int:
        """How many are lost: never written, not tried, or called sent though the receiver has no copy."""
        ends = ("accepted", "rejected", "suppressed", "parked", "unknown")
        self.note("I2 ended", [mail[0] for mail in self.mails if mail[2] not in ends])
        untried = [mail[0] for mail in self.mails if mail[2] != "suppressed" and mail[3] < 1]
        self.note("I2 tried", untried)
        missing = self.rows(INCOMPLETE)
        self.note("I2 written", missing)
        claimed = [mail[1] for mail in self.mails if mail[2] == "accepted" and mail[1] not in self.copies]
        self.note("I2 called sent", claimed)
        waiting = [mail for mail in self.mails if mail[2] in ("queued", "claimed", "dot")]
        return len(untried) + len(missing) + len(claimed) + len(waiting)

    def all_is_quiet(self) -> None:
        self.note(
            "I3 mails", [mail[0] for mail in self.mails if mail[2] in ("queued", "claimed", "dot") or mail[6]]
        )
        self.note("I3 runs", self.rows(UNFINISHED))
        known = {mail[1]: mail[2] for mail in self.mails}
        doubted = [key for key in self.copies if known.get(key) in ("unknown", "parked")]
        self.note("I3 doubted though reported", doubted)

    def in_order(self) -> None:
        runs: dict[int, list[tuple[int, float]]] = {}
        for mail in self.mails:
            if mail[1] in self.first:
                runs.setdefault(mail[4], []).append((mail[5], self.first[mail[1]]))
        arrived = ([at for _, at in sorted(mails)] for mails in runs.values())
        self.note("I5", [times for times in arrived if times != sorted(times)])

    def counters(self) -> None:
        states = Counter(mail[2] for mail in self.mails)
        found = {
            "report sent": (self.counted["sent"], states["accepted"]),
            "report refused": (self.counted["refused"], states["rejected"]),
            "timelines": (self.rows(TIMELINE)[0][0], states["accepted"]),
            "receiver": (len(self.copies), states["accepted"]),
        }
        self.note("I6", [f"{name} {said} is {true}" for name, (said, true) in found.items() if said != true])

    def changes(self) -> None:
        made = self.rows("SELECT DISTINCT before, after FROM crash_history")
        self.note("I7 changes", [change for change in made if change not in KNOWN_CHANGES])
        self.note("I7 dots", self.rows(TWICE))

    def unknown(self, states: Counter[str]) -> dict[str, int]:
        """Of mails in doubt, how each doubt ended; a mail may have been in doubt more than once."""
        ways: Counter[str] = Counter()
        for before, after, answered, number in self.rows(SETTLED):
            if before == "unknown" or (after == "accepted" and not answered):
                ways[_way(before, after, answered)] += number
        ways["mails"] = self.rows(UNKNOWN)[0][0]
        ways["left_to_a_person"] = states["unknown"]
        return dict(ways)


def _way(before: str, after: str, answered: bool) -> str:
    if after == "accepted" and answered:
        return "late_answer"
    if after in ("accepted", "rejected"):
        return f"report_{after}" if before == "unknown" else f"report_{after}_while_{before}"
    return {"queued": "no_report_sent_again", "parked": "no_report_parked"}.get(after, after)
