"""The browser tools notice what they are there to notice."""

import pytest

from tests.browser import Page, PageAs


def open_page(page_as: PageAs, html: str) -> Page:
    page = page_as(None, "/livez")
    page.set_content(
        f'<html lang="en"><title>A page</title><body><main><h1>A page</h1>{html}</main></body></html>'
    )
    return page


def test_a_good_page_passes(page_as: PageAs, axe):
    page = open_page(page_as, "<p>Some words.</p>")

    axe(page)


def test_a_field_without_a_label_is_a_violation(page_as: PageAs, axe):
    page = open_page(page_as, '<input name="email">')

    with pytest.raises(AssertionError, match="label"):
        axe(page)


def test_a_breach_of_the_content_security_policy_is_a_problem(page_as: PageAs, problems: list[str]):
    open_page(page_as, '<img alt="a dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">').wait_for_timeout(
        200
    )

    assert any("Content Security Policy" in problem for problem in problems)
    problems.clear()


def test_a_script_that_throws_is_a_problem(page_as: PageAs, problems: list[str]):
    page = open_page(page_as, "")

    page.evaluate("() => { setTimeout(() => { throw new Error('lost the plot') }); }")
    page.wait_for_timeout(200)

    assert any("lost the plot" in problem for problem in problems)
    problems.clear()


def test_a_missing_static_file_is_a_problem(page_as: PageAs, problems: list[str]):
    page = page_as(None, "/livez")

    page.request.get("/livez")
    page.evaluate("() => fetch('/static/no-such-file.css')")

    assert any("no-such-file.css" in problem for problem in problems)
    problems.clear()
