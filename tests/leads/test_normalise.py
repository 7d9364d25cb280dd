import pytest

from leads import normalise


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        (" Jane@ACME.com ", "jane@acme.com"),
        ("mailto:o'brien+news@acme.co.uk", "o'brien+news@acme.co.uk"),
        ("info@müller.de", "info@xn--mller-kva.de"),
    ],
)
def test_one_address_has_one_spelling(written, ours):
    assert normalise.email_address(written) == ours


@pytest.mark.parametrize(
    "written", ["", "invalid", "j.perrin@", "a..b@c.de", "a b@c.de", "a@b", "a@" + "x" * 300 + ".de"]
)
def test_what_is_no_address_is_refused(written):
    with pytest.raises(normalise.NotAnAddress):
        normalise.email_address(written)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("ann@gmail.com", "free"),
        ("x@mailinator.com", "disposable"),
        ("info@acme.de", "role"),
        ("jane@acme.de", "business"),
        (None, ""),
    ],
)
def test_the_kind_of_an_address(address, kind):
    assert normalise.email_class(address) == kind


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("CEO & Co-Founder", "owner"),
        ("Vice President, Sales", "vp"),
        ("President", "c_level"),
        ("Chief Revenue Officer", "c_level"),
        ("Head of Talent", "head"),
        ("Operations Director", "director"),
        ("Account Manager", "manager"),
        ("Sr. Engineer", "senior"),
        ("Executive Assistant to the CEO", "staff"),
        ("Shift Planner", "staff"),
        ("Marketing intern", "entry"),
        ("", ""),
    ],
)
def test_a_title_names_a_level(title, level):
    assert normalise.seniority_of(title) == level


@pytest.mark.parametrize(
    ("word", "level"),
    [("C suite", "c_level"), ("VP-Level", "vp"), ("Non Manager", "staff"), ("head", "head")],
)
def test_vendors_words_for_levels_are_ours(word, level):
    assert normalise.seniority(word) == level


def test_countries_are_found_by_code_language_and_habit():
    assert [normalise.country(word) for word in ("DE", "norwegen", "usa", "Great Britain")] == [
        "Germany",
        "Norway",
        "United States",
        "United Kingdom",
    ]


def test_a_country_nobody_knows_stays_as_written():
    assert normalise.country(" Narnia ") == "Narnia"


def test_a_phone_number_uses_the_country_when_it_has_no_plus():
    assert normalise.phone("06 12 34 56 78", "France") == "+33 6 12 34 56 78"
    assert normalise.phone("+47 22 55 01 42") == "+47 22 55 01 42"
    assert normalise.phone("ext. 12 ask for Bo") == "ext. 12 ask for Bo"


def test_two_exports_of_one_profile_agree():
    assert normalise.external_id("https://www.LinkedIn.com/in/annanowak/") == normalise.external_id(
        "http://linkedin.com/in/annanowak"
    )


def test_own_fields_get_readable_keys_and_a_stable_one_without_latin_letters():
    assert normalise.key_of("How did you hear about X Education") == "how_did_you_hear_about_x_education"
    assert normalise.key_of("会社") == normalise.key_of("会社") != normalise.key_of("名前")


def test_control_characters_and_half_characters_are_not_part_of_a_name():
    assert normalise.text("A\x00nn\ud83d  \u200bLee\n") == "A nn Lee"
