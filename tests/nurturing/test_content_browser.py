"""The block editor in a real browser: with the mouse, with the keyboard, and for everybody who reads it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from nurturing.content import schema
from nurturing.models import Step
from nurturing.services import contents
from tests.browser import PageAs
from tests.nurturing import factories

DOT = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def step() -> Step:
    """Every kind of block once."""
    factories.organisation()
    step = factories.email(factories.draft())
    picture = contents.keep_picture(data=base64.b64decode(DOT), actor=None)
    inner = {"id": "b9", "kind": "text", "text": "For energy"}
    other = {"id": "b10", "kind": "button", "text": "Go", "link": "https://quillstone.example/"}
    step.content += [
        {"id": "b2", "kind": "heading", "text": "Three rotas"},
        {"id": "b3", "kind": "divider"},
        {**schema.new("image", "b4"), "src": f"asset:{picture}", "alt": "A rota"},
        {"id": "b5", "kind": "columns", "parts": [schema.part(), schema.part()]},
        {
            "id": "b6",
            "kind": "personal",
            "field": "industry",
            "parts": [{"values": ["Energy"], "blocks": [inner]}, {"blocks": [other]}],
        },
        {
            **schema.new("conditional", "b7"),
            "conditions": [{"field": "score", "op": "at_least", "value": 50}],
        },
    ]
    step.save()
    return step


def test_blocks_are_dragged_moved_by_key_filled_and_saved_while_typing(
    page_as: PageAs, axe: Callable[[Any], None], mara: User, step: Step
) -> None:
    page = page_as(mara, f"/campaigns/{step.version.campaign_id}/?step={step.pk}", height=2000)

    def order() -> list[str]:
        return page.locator("#content > form > div > .blocks > .block").evaluate_all(
            "all => all.map((each) => each.dataset.kind)"
        )

    for each in ("b1", "b4", "b6", "b7"):
        page.locator(f"#block-{each} > details > summary").click()
    axe(page)

    text, first = page.locator("#b1-text"), page.locator("#content .block").first
    text.press("Alt+ArrowDown")
    first.and_(page.locator("[data-kind=heading]")).wait_for()
    assert page.locator("#block-b1 > details").get_attribute("open") is not None
    page.locator("#block-b3 > .tools > [data-grip]").drag_to(
        page.locator("#block-b2 > details > summary"), target_position={"x": 20, "y": 2}
    )
    first.and_(page.locator("[data-kind=divider]")).wait_for()
    assert order()[:3] == ["divider", "heading", "text"]

    page.locator("#b1-text").focus()
    page.get_by_text("Merge fields", exact=True).click()
    page.get_by_role("button", name="City").click()
    page.locator("#content-saved", has_text="Draft saved").wait_for()
    step.refresh_from_db()
    assert '{{ city | default: "…" }}' in step.content[2]["text"]

    page.get_by_role("link", name="Dark").click()
    page.locator("iframe[src*='scheme=dark']").wait_for()
    page.get_by_role("link", name="Wide").click()
    page.locator("iframe.wide").wait_for()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Save draft").click()
    page.locator("iframe.wide[src*='scheme=dark']").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_editor_can_be_used_on_a_phone_without_javascript(
    page_as: PageAs, axe: Callable[[Any], None], mara: User, step: Step, theme: str
) -> None:
    page = page_as(mara, f"/campaigns/{step.version.campaign_id}/?step={step.pk}", width=390, theme=theme)
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if theme == "dark":
        return
    page = page_as(mara, f"/campaigns/{step.version.campaign_id}/?step={step.pk}", javascript=False)

    page.get_by_label("Subject").fill("Typed before moving")
    page.get_by_role("button", name="Move Block 2 (heading) up").click()

    page.get_by_label("Subject").wait_for()
    step.refresh_from_db()
    assert (step.subject, step.content[0]["kind"]) == ("Typed before moving", "heading")
