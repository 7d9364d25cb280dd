"""Operations taken at once leave the tables that they leave one by one, and can be taken back."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from accounts.migrating import AtOnce

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ("accounts_book", "accounts_shelf")


def shelves_and_books():
    """As makemigrations writes it: what refers to a later table is added afterwards."""
    return [
        migrations.CreateModel(
            "Book",
            [("id", models.BigAutoField(primary_key=True)), ("title", models.CharField(max_length=20))],
        ),
        migrations.CreateModel(
            "Shelf",
            [("id", models.BigAutoField(primary_key=True)), ("books", models.IntegerField(default=0))],
        ),
        migrations.AddField("Book", "shelf", models.ForeignKey("accounts.Shelf", models.CASCADE)),
        migrations.AddIndex("Book", models.Index(fields=["title"], name="book_title_idx")),
        migrations.AddConstraint(
            "Shelf", models.CheckConstraint(condition=models.Q(books__gte=0), name="shelf_books")
        ),
    ]


def later_changes():
    return [
        migrations.AddField("Shelf", "room", models.CharField(max_length=9, default="")),
        migrations.AlterField("Book", "title", models.CharField(max_length=90)),
        migrations.RemoveIndex("Book", "book_title_idx"),
        migrations.AddIndex("Book", models.Index(fields=["shelf", "title"], name="book_place_idx")),
    ]


def apply(operations, state):
    for operation in operations:
        before = state.clone()
        operation.state_forwards("accounts", state)
        with connection.schema_editor() as editor:
            operation.database_forwards("accounts", editor, before, state)
    return state


def take_back(operation, now, before):
    with connection.schema_editor() as editor:
        operation.database_backwards("accounts", editor, now, before)


def tables():
    """Columns and constraints of each table, by name; those that the database names itself without their names."""
    described = {}
    with connection.cursor() as cursor:
        for name in set(TABLES) & set(connection.introspection.table_names(cursor)):
            columns = connection.introspection.get_table_description(cursor, name)
            limits = connection.introspection.get_constraints(cursor, name).values()
            described[name] = (
                {(column.name, column.type_code, column.internal_size, column.null_ok) for column in columns},
                sorted(
                    (limit["columns"] or [], str(limit["foreign_key"]), limit["check"]) for limit in limits
                ),
            )
    return described


@pytest.fixture(autouse=True)
def no_tables_left(transactional_db):
    yield
    drop()


def drop():
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(TABLES)}")


def test_at_once_leaves_what_one_by_one_leaves():
    expected = apply([*shelves_and_books(), *later_changes()], ProjectState())
    one_by_one = tables()
    drop()

    state = apply([AtOnce(shelves_and_books()), AtOnce(later_changes())], ProjectState())

    assert set(one_by_one) == set(TABLES)
    assert tables() == one_by_one
    assert state == expected


def test_it_can_be_taken_back():
    first, then = AtOnce(shelves_and_books()), AtOnce(later_changes())
    made = apply([first], ProjectState())
    before = tables()
    changed = apply([then], made.clone())

    take_back(then, changed, made)
    again = tables()
    take_back(first, made, ProjectState())

    assert again == before
    assert tables() == {}
