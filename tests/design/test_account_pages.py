"""Signing in, the second step, and what people see when something is wrong."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = [(1440, "light"), (390, "dark")]


def sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/password/reset/", "/accounts/signup/", "/nowhere/"]
)
def test_pages_for_strangers_have_no_accessibility_fault(page_as, axe, db, path, width, theme):
    page = page_as(None, path, width=width, theme=theme)

    axe(page)


@pytest.mark.parametrize(("width", "theme"), LOOKS)
@pytest.mark.parametrize(
    "path",
    ["/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/", "/accounts/email/", "/nowhere/"],
)
def test_pages_about_yourself_have_no_accessibility_fault(page_as, axe, mara, path, width, theme):
    page = page_as(mara, path, width=width, theme=theme)

    axe(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/"])
def test_the_administration_has_no_accessibility_fault(page_as, axe, ada, problems, path, theme):
    ada.is_superuser = True
    ada.save()

    page = page_as(ada, path, theme=theme)
    page.wait_for_load_state("networkidle")

    assert not problems
    axe(page)
    problems.clear()  # axe measures some of Django's fields with inline styles of its own; the page was clean


def test_a_wrong_password_keeps_the_address_and_takes_the_eye_to_the_problem(page_as, axe, mara):
    page = page_as(None, "/accounts/login/")

    sign_in(page, mara.email, "not the password")

    expect(page.locator(".errsum")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value(mara.email)
    axe(page)


def test_signing_in_leads_to_the_page_that_was_asked_for(page_as, mara):
    page = page_as(None, "/accounts/login/?next=/design/")

    sign_in(page, mara.email, PASSWORD)

    expect(page).to_have_url(re.compile("/design/$"))
    expect(page.locator(".toast", has_text="Successfully")).to_have_count(0)


def test_signing_in_works_without_script(page_as, mara):
    page = page_as(None, "/accounts/login/?next=/design/", javascript=False)

    sign_in(page, mara.email, PASSWORD)

    expect(page).to_have_url(re.compile("/design/$"))


def test_the_second_step_is_set_up_with_an_app_and_then_asked_for(page_as, axe, mara, settings):
    settings.MFA_TOTP_TOLERANCE = 4  # half minutes; a busy machine may be slower than the code is young
    page = page_as(mara, "/accounts/2fa/totp/activate/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    axe(page)
    secret = page.locator(".secret").inner_text()

    page.locator("#id_code").fill(code_of(secret))
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".codes li").first).to_be_visible()
    axe(page)

    stranger = page_as(None, "/accounts/login/?next=/design/")
    sign_in(stranger, mara.email, PASSWORD)
    expect(stranger.get_by_role("heading", name="Code from your app")).to_be_visible()
    axe(stranger)


def code_of(secret: str) -> str:
    """What an authenticator app would show now."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_a_page_that_is_not_there_says_so_inside_the_shell(client_of, mara):
    response = client_of(mara).get("/nowhere/")

    assert response.status_code == 404
    assert b"This page is not here" in response.content
    assert b'id="nav"' in response.content


def test_a_stale_form_says_that_nothing_was_saved(mara):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(mara, backend="allauth.account.auth_backends.AuthenticationBackend")

    response = strict.post("/appearance/", {"theme": "dark"})

    assert response.status_code == 403
    assert b"This form has expired" in response.content


@pytest.mark.parametrize("template", ["500.html", "503.html"])
def test_the_page_for_a_broken_server_needs_neither_request_nor_database(template, django_db_blocker):
    from django.template.loader import render_to_string

    with django_db_blocker.block():
        html = render_to_string(template)

    assert "<h1>" in html
    assert "saved before is safe" in html


def test_the_way_back_never_leaves_the_site(client_of, mara):
    response = client_of(mara).post("/appearance/", {"theme": "dark", "next": "https://evil.example/"})

    assert response.url == "/"
    assert response.cookies["theme"].value == "dark"


def test_an_unknown_theme_is_not_kept(client_of, mara):
    response = client_of(mara).post("/appearance/", {"theme": "mauve", "next": "/design/"})

    assert response.url == "/design/"
    assert "theme" not in response.cookies
