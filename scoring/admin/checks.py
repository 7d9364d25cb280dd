"""Checks of scores, to look at: when the machine looked over its own shoulder, and what it found."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.admin_kinds import ReadOnly
from scoring.models import ScoreCheck


@admin.register(ScoreCheck)
class ScoreCheckAdmin(ReadOnly):
    list_display = ("began_at", "kind", "version", "leads", "by_oracle", "result")
    list_filter = ("kind",)
    list_select_related = ("version",)
    fields = ("kind", "version", "began_at", "ended_at", "leads", "by_oracle", "result", "found")
    readonly_fields = fields

    @admin.display(description="result")
    def result(self, check: ScoreCheck) -> str:
        return f"{check.differing} differ" if check.differing else "All as they must be"

    @admin.display(description="found")
    def found(self, check: ScoreCheck) -> SafeString | str:
        """The first differences, each with its lead; the leads have been scored again since."""
        if not check.details:
            return "Nothing"
        rows = format_html_join(
            "",
            "<tr><td>Lead {}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ((each["lead"], each["what"], each["stored"], each["expected"]) for each in check.details),
        )
        head = "<tr><th>Whose</th><th>What</th><th>Stood</th><th>Should have stood</th></tr>"
        return format_html("<table><thead>" + head + "</thead><tbody>{}</tbody></table>", rows)
