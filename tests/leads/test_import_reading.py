"""Files that somebody made somewhere: what we make of them before a row is imported."""

import gzip
import io

import pytest

from leads.importing import presets, reading
from leads.importing.mapping import BadMapping, build, from_preset
from leads.importing.reading import UnreadableFile
from leads.importing.rows import BadRow, RowReader
from leads.importing.types import survey


def opener(content):
    return lambda: io.BytesIO(content if isinstance(content, bytes) else content.encode())


def examined(content):
    return reading.examine(opener(content))


def read_rows(content, mapping=None):
    """(rows, {line: (column, reason)}) of a whole file."""
    sheet = examined(content)
    chosen = (
        build(mapping, sheet.columns)
        if mapping
        else from_preset(presets.detect(sheet.columns).key, sheet.columns)
    )
    found = survey(reading.rows(opener(content), sheet), list(sheet.columns), chosen.targets)
    types = {key: found.types.get(column, "text") for column, key in chosen.custom_columns.items()}
    reader = RowReader(sheet.columns, chosen, types, found.orders, sheet.encoding)
    rows, bad = [], {}
    for line, cells in reading.rows(opener(content), sheet):
        try:
            rows.append(reader.read(line, cells))
        except BadRow as error:
            bad[line] = (error.column, error.reason)
    return rows, bad


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_delimiter_and_encoding_are_found_out(delimiter, encoding):
    content = (
        delimiter.join(["Vorname", "E-Mail", "Stadt"])
        + "\n"
        + delimiter.join(["Jörg", "j@a.de", "Köln"])
        + "\n"
    )

    rows, bad = read_rows(content.encode(encoding))

    assert not bad
    assert rows[0].person.email == "j@a.de"
    assert rows[0].person.values["first_name"] == "Jörg"
    assert rows[0].person.values["city"] == "Köln"


@pytest.mark.parametrize(
    ("encoding", "city"), [("cp1251", "Москва и Санкт-Петербург"), ("shift_jis", "東京都新宿区西新宿二丁目")]
)
def test_other_alphabets_are_recognised(encoding, city):
    content = "email,city\n" + f"a@b.de,{city}\n" * 20

    rows, _ = read_rows(content.encode(encoding))

    assert rows[0].person.values["city"] == city


def test_one_stray_byte_late_in_the_file_is_noticed():
    content = ("email,city\n" + "a@b.de,Oslo\n" * 30_000).encode() + "c@d.de,Malmö\n".encode("cp1252")

    assert examined(content).encoding == "cp1252"


MIXED = "email,city\na@b.de,Zoë Müller\nb@b.de,Łukasz Żółć\nc@b.de,Plain\n".encode()


def test_one_line_in_another_encoding_is_listed_and_the_others_keep_their_letters():
    content = MIXED + b"d@b.de,Jos\xe9 Nu\xf1ez\ne@b.de,Ann\n"

    rows, bad = read_rows(content)

    assert [row.person.values["city"] for row in rows] == ["Zoë Müller", "Łukasz Żółć", "Plain", "Ann"]
    assert bad == {
        5: ("city", "In another encoding than the rest of the file; perhaps “José Nuñez” is meant.")
    }
    assert "UTF-8, but 1 line is in another encoding" in examined(content).notes[0]


def test_a_file_that_ends_in_the_middle_of_a_letter_loses_that_row_only():
    rows, bad = read_rows(MIXED + "d@b.de,Zoë".encode()[:-1])

    assert len(rows) == 3
    assert list(bad) == [5]


def test_a_column_name_in_another_encoding_is_read_and_mentioned():
    sheet = examined(b"email,Pr\xe9nom\n" + MIXED.partition(b"\n")[2])

    assert (sheet.encoding, sheet.columns) == ("utf-8", ("email", "Prénom"))
    assert "The name of column 2 was damaged" in sheet.notes[0]


def test_a_few_utf8_lines_in_a_western_file_are_listed_instead_of_garbled():
    names = ["Müller", "Gonçalves", "João Conceição", "Nuñez", "Spaß"]
    content = "email,city\n" + "".join(f"p{n}@b.de,{name}\n" for n, name in enumerate(names))

    rows, bad = read_rows(content.encode("cp1252") + "z@b.de,Zoë\n".encode())

    assert [row.person.values["city"] for row in rows] == names
    assert "“Zoë” is meant" in bad[7][1]


@pytest.mark.parametrize("name", ["José", "João Conceição", "Ålesund", "Coração de Ação", "Señor Núñez"])
def test_western_names_are_not_taken_for_another_alphabet(name):
    rows, _ = read_rows(f"email,city\na@b.de,{name}\n".encode("cp1252"))

    assert rows[0].person.values["city"] == name


@pytest.mark.parametrize(
    ("first", "delimiter"),
    [
        ("sep=;", ";"),
        ("SEP=;", ";"),
        ('"sep=;"', ";"),
        ('sep=";"', ";"),
        ("sep=\t", "\t"),
        ("sep=^", "^"),
        ('sep="', ","),
        ("sep=", ";"),
        ("sep=|", ","),  # the file does not keep to it
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_first_line_that_names_the_delimiter_is_followed_and_is_no_row(first, delimiter, mark):
    cells = [["email", "name"], ["a@b.de", '"Doe"'], ["b@b.de", "x"]]
    content = f"{mark}{first}\r\n" + "".join(delimiter.join(row) + "\r\n" for row in cells)

    sheet = examined(content)

    assert (sheet.delimiter, sheet.columns) == (delimiter, ("email", "name"))
    assert list(reading.rows(opener(content), sheet)) == [(3, ["a@b.de", "Doe"]), (4, ["b@b.de", "x"])]


def test_a_compressed_file_is_read_as_if_it_were_not():
    assert examined(gzip.compress(b"email\na@b.de\n")).columns == ("email",)


def test_a_preamble_before_the_header_is_skipped():
    content = (
        'Notes:\n"When exporting, some, commas"\n\nFirst Name,Last Name,URL,Email Address\nA,B,u,a@b.de\n'
    )

    sheet = examined(content)

    assert sheet.columns == ("First Name", "Last Name", "URL", "Email Address")
    assert [line for line, _ in reading.rows(opener(content), sheet)] == [5]


def test_a_record_over_several_lines_is_known_by_its_first():
    content = 'email,note\na@b.de,"one\ntwo"\nbad,x\n'

    _, bad = read_rows(content)

    assert bad == {4: ("email", "This is not an e-mail address.")}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"email,name\n", "no rows below the header"),
        (b"PK\x03\x04" + b"x" * 50, "Excel"),
        (b"\x89PNG\r\n" + bytes(range(256)), "not a text file"),
        (gzip.compress(b"email\na@b.de\n" * 500, mtime=0)[:40], "damaged"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_it_is(content, words):
    with pytest.raises(UnreadableFile, match=words):
        examined(content)


def test_a_quotation_mark_that_is_never_closed_is_named():
    content = 'email,note\na@b.de,"' + "x" * 2 * 1024**2

    with pytest.raises(UnreadableFile, match="quotation mark near line 2"):
        list(reading.rows(opener(content), reading.Sheet("utf-8", ",", 0, ("email", "note"))))


def test_columns_of_one_name_stay_apart_and_are_mentioned():
    sheet = examined("email,tag,tag,\na@b.de,x,y,z\n")

    assert sheet.columns == ("email", "tag", "tag (2)", "Column 4")
    assert "Two columns are called “tag”" in sheet.notes[0]


def test_ragged_rows_are_listed_and_trailing_blanks_forgiven():
    rows, bad = read_rows("email,city\na@b.de,Oslo,,\nb@b.de\nc@b.de,Oslo,Norway\n")

    assert [row.person.email for row in rows] == ["a@b.de"]
    assert bad == {
        3: ("", "Has 1 cells where the header names 2 columns."),
        4: ("", "Has 3 cells where the header names 2 columns."),
    }


def test_a_row_that_names_nobody_is_bad():
    _, bad = read_rows("first_name,email\nAlice,\n")

    assert bad == {2: ("email", "Has neither an e-mail address nor an external id.")}


def test_own_fields_get_the_type_all_their_values_share():
    content = (
        "email,Visits,Rate,Agreed,Since,Zip,Mixed,Unclear,Empty\n"
        "a@b.de,5,2.5,Yes,2024-03-15,01234,5,03/04/2024,\n"
        "b@b.de,1 200,Select,no,2024-03-16,99999,five,05/06/2024,N/A\n"
    ).replace("1 200", "1200")
    sheet = examined(content)

    found = survey(reading.rows(opener(content), sheet), list(sheet.columns), sheet.columns)

    assert found.types == {
        "email": "text",
        "Visits": "number",
        "Rate": "number",
        "Agreed": "boolean",
        "Since": "date",
        "Zip": "text",
        "Mixed": "text",
        "Unclear": "text",
    }


def test_one_clear_date_settles_how_a_column_is_written():
    rows, bad = read_rows("email,created\na@b.de,03/04/2024\nb@b.de,15/03/2024\n")

    assert not bad
    assert rows[0].person.created_at.date().isoformat() == "2024-04-03"


def test_a_date_that_reads_both_ways_is_refused():
    _, bad = read_rows("email,created\na@b.de,03/04/2024\n")

    assert "not clear" in bad[2][1]


def test_select_and_blank_are_not_answers():
    rows, _ = read_rows("email,country,Plan\na@b.de,Select,N/A\n")

    assert rows[0].person.values == {}


def test_the_mapping_file_names_skips_and_leaves_the_rest_as_own_fields():
    content = "Prospect ID,Lead Source,Noise,Converted,Visits\nP-1,Google,x,1,7\nP-2,Bing,y,0,Select\n"

    rows, _ = read_rows(
        content,
        {
            "columns": {"Prospect ID": "external_id", "Lead Source": "source", "Noise": None},
            "outcome": {"column": "Converted", "won": ["1"], "lost": ["0"]},
        },
    )

    assert [row.outcome for row in rows] == ["won", "lost"]
    assert rows[0].person.external_id == "P-1"
    assert rows[0].person.values == {"source": "Google", "custom.visits": 7}
    assert rows[1].person.values == {"source": "Bing"}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"columns": {"Nope": "email"}}, "no column Nope"),
        ({"columns": {"email": "shoe"}}, "there is no field shoe"),
        ({"columns": {"email": None}}, "e-mail address or an external id"),
        ({"columns": {"email": "email"}, "outcome": {"column": "x"}}, "must name a column"),
        (
            {"columns": {"email": "email"}, "outcome": {"column": "city", "won": ["a"], "lost": ["a"]}},
            "means both",
        ),
        ({"columns": ["email"]}, "must be an object"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_in_words(mapping, words):
    with pytest.raises(BadMapping, match=words):
        build(mapping, ["email", "city"])


@pytest.mark.parametrize(
    ("header", "preset"),
    [
        (
            "Record ID,First Name,Last Name,Email,Phone Number,Lead Status,Create Date,Original Source",
            "hubspot",
        ),
        ("Lead ID,FirstName,LastName,Email,Phone,Company,LeadSource,Status,OwnerId", "salesforce"),
        ("EMAIL,FNAME,LNAME,UNSUB,STATUS,MEMBER_RATING,OPTIN_TIME,LEID,EUID", "mailchimp"),
        ("First Name,Last Name,URL,Email Address,Company,Position,Connected On", "linkedin"),
        ("First Name,Title,Company,Company Name for Emails,Email,Email Status,# Employees", "apollo"),
        ("first_name,last_name,email", "generic"),
    ],
)
def test_the_header_gives_the_tool_away(header, preset):
    assert presets.detect(header.split(",")).key == preset


def test_of_several_phones_the_person_s_own_comes_first():
    header = "Email,Company Name for Emails,Email Status,First Phone,Work Direct Phone,Mobile Phone"

    rows, _ = read_rows(
        f"{header}\nl@gulf.example,Gulf Partners,Verified,,+971 4 000 0000,+971 50 000 0000\n"
    )

    assert rows[0].person.values["phone"] == "+971 50 000 0000"
    assert "company" not in rows[0].person.values


def test_whoever_left_a_mailing_list_stays_left():
    header = "EMAIL,STATUS,MEMBER_RATING,LEID,EUID"

    rows, _ = read_rows(
        f"{header}\na@b.de,subscribed,2,1,x\nb@b.de,unsubscribed,2,2,y\nc@b.de,cleaned,2,3,z\n"
    )

    assert [row.opted_out for row in rows] == [False, True, True]
    assert rows[0].person.external_id == "mailchimp:1"
