"""What names one person is taken out of texts and files, and nobody else's words with it."""

import pytest

from leads.scrubbing import Marks

LEA = Marks(frozenset({"lea@x.example", "12345", "x.example"}), frozenset({("Lea", "Berg")}))


@pytest.mark.parametrize(
    "text",
    [
        "Write to lea@x.example.",
        "<LEA@X.EXAMPLE>",
        "customer 12345, north",
        "Lea Berg called",
        "at x.example/a",
        "Lea Berg.csv",
    ],
)
def test_a_text_that_names_them_is_found(text: str) -> None:
    assert LEA.meant_in(text)
    assert not LEA.meant_in(LEA.scrubbed(text))


@pytest.mark.parametrize(
    "text",
    [
        "+49 171 1234567",
        "bob@x.example",
        "a.lea@x.example",
        "lea@x.example.com",
        "Lea Bergmann",
        "x.example.com",
    ],
)
def test_what_only_looks_alike_means_somebody_else(text: str) -> None:
    assert not LEA.meant_in(text)


def test_a_namesake_with_another_address_is_somebody_else() -> None:
    assert LEA.named_in(["Lea", "Berg", "Oslo"])
    assert not LEA.named_in(["Lea", "Berg", "lea.berg@other.example"])
    assert LEA.named_in(["Lea", "Berg", "lea@x.example"])
