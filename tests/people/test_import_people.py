"""A file of people comes in: who is who, what changed, what is refused, and that twice is once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from campflow.errors import CampflowError
from campflow.hooks.contracts import Source
from campflow.model.people import Contact
from campflow.people.report import ImportReport
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

if TYPE_CHECKING:
    from tests.people.conftest import Shop

ADA = "key,email,first_name,plan,score\n1,Ada@ACME.example,Ada,pro,3\n"


def test_new_contacts_get_defaults_and_changes_are_written_down(shop: "Shop") -> None:
    assert shop.people(ADA) == ImportReport(read=1, added=1, changed=0, unchanged=0, refused=0)
    query = "SELECT contact_key, created_at, email, first_name, plan, score, vip, tags, extra FROM contact"
    assert shop.rows(query) == [("1", 1_000, "Ada@acme.example", "Ada", "pro", 3.0, None, "[]", None)]
    assert shop.rows("SELECT count(*) FROM change") == [(0,)]  # a new contact is no change

    report = shop.people("key,plan,score,vip\n1,trial,3,yes\n", now=2_000)
    assert report == ImportReport(read=1, added=0, changed=1, unchanged=0, refused=0)
    assert shop.rows("SELECT first_name, plan, score, vip, created_at FROM contact") == [
        ("Ada", "trial", 3.0, 1, 1_000)
    ]
    assert shop.rows("SELECT contact_id, field, at FROM change ORDER BY seq") == [(1, "plan", 2_000), (1, "vip", 2_000)]


def test_running_it_twice_changes_nothing(shop: "Shop") -> None:
    data = (
        "key,email,phone,country,timezone,plan,score,vip,birthday,tags,city\n"
        "1,ada@acme.example,06 12 34 56 78,fr,Europe/Paris,pro,1.5,yes,1990-02-28,a|b,Paris\n"
        "2,bob@acme.example,,,,,,,,,\n"
        ",eve@acme.example,,,,,,,,,\n"
    )
    assert shop.people(data).added == 3
    before = shop.rows("SELECT * FROM contact")
    assert shop.people(data, now=9_000) == ImportReport(read=3, added=0, changed=0, unchanged=3, refused=0)
    assert shop.rows("SELECT * FROM contact") == before
    assert shop.rows("SELECT count(*) FROM change") == [(0,)]


def test_without_a_key_the_address_says_who_it_is(shop: "Shop") -> None:
    shop.people("key,email,first_name\n1,ada@acme.example,Ada\n,bob@acme.example,Bob\n")
    report = shop.people("email,first_name\nada@ACME.EXAMPLE,Augusta\nbob@acme.example,Bob\nnew@acme.example,New\n")
    assert (report.added, report.changed, report.unchanged) == (1, 1, 1)
    assert shop.rows("SELECT contact_key, first_name FROM contact ORDER BY contact_id") == [
        ("1", "Augusta"), ("bob@acme.example", "Bob"), ("new@acme.example", "New"),
    ]  # fmt: skip


def test_with_both_the_key_decides_and_an_address_is_never_taken_over(shop: "Shop") -> None:
    shop.people("key,email\n1,ada@acme.example\n2,bob@acme.example\n")
    report = shop.people("key,email\n1,augusta@acme.example\n2,augusta@acme.example\n3,bob@acme.example\n")
    assert (report.changed, report.refused) == (1, 2)
    assert shop.reasons() == [
        (3, "email", "`augusta@acme.example` belongs to the contact with the key `1`"),
        (4, "email", "`bob@acme.example` belongs to the contact with the key `2`"),
    ]
    # Ada's old address is free again.
    assert shop.people("key,email\n4,ada@acme.example\n").added == 1


def test_two_contacts_may_change_addresses_with_each_other(shop: "Shop") -> None:
    shop.people("key,email\n1,a@acme.example\n2,b@acme.example\n")
    swap = "key,email\n1,c@acme.example\n2,a@acme.example\n1,b@acme.example\n3,d@acme.example\n"
    assert shop.people(swap).refused == 0
    assert shop.rows("SELECT contact_key, email FROM contact ORDER BY 1") == [
        ("1", "b@acme.example"), ("2", "a@acme.example"), ("3", "d@acme.example"),
    ]  # fmt: skip


def test_the_key_of_somebody_else_is_not_taken_for_an_address(shop: "Shop") -> None:
    shop.people("email\nada@acme.example\n")
    shop.people("key,email\nada@acme.example,augusta@acme.example\n")
    shop.people("email\nada@acme.example\n")
    assert shop.reasons() == [
        (2, "email", "`ada@acme.example` is the key of a contact with another address: add a key")
    ]


def test_a_contact_twice_in_one_file_is_one_and_the_last_word_counts(shop: "Shop") -> None:
    data = "key,first_name,plan\n1,Ada,trial\n1,,pro\n1,Augusta,\n"
    assert shop.people(data) == ImportReport(read=3, added=1, changed=0, unchanged=2, refused=0)
    assert shop.rows("SELECT first_name, plan FROM contact") == [("Augusta", "pro")]
    assert shop.people(data).changed == 0
    assert shop.rows("SELECT count(*) FROM change") == [(0,)]


def test_an_empty_cell_leaves_the_field_as_it_is(shop: "Shop", json_lines: Source) -> None:
    shop.people(ADA)
    shop.people("key,first_name,score\n1,  ,\n")
    shop.people('{"key": 1, "first_name": null}\n', source=json_lines)
    assert shop.rows("SELECT first_name, score FROM contact") == [("Ada", 3.0)]


def test_bad_rows_are_refused_with_line_column_and_reason_and_the_rest_goes_in(shop: "Shop") -> None:
    report = shop.people(
        "key,email,plan,birthday,tags\n"
        "1,ada@acme.example,pro,1990-12-31,a\n"
        "2,nope,,,\n"
        "3,,gold,,\n"
        "4,,,12/01/2026,\n"
        ",,pro,,\n"
        "6\n"
        "7,,,,b\n"
    )
    assert report == ImportReport(read=7, added=2, changed=0, unchanged=0, refused=5)
    assert [(line, column, reason.split(":")[0]) for line, column, reason in shop.reasons()] == [
        (3, "email", "`nope` is not an e-mail address"),
        (4, "plan", "`gold` is not one of trial, pro"),
        (5, "birthday", "`12/01/2026` is not a date"),
        (6, "key", "the row has neither a key nor an e-mail address"),
        (7, "", "has 1 cells, the header has 5"),
    ]


def test_a_refused_row_changes_nothing_of_its_contact(shop: "Shop") -> None:
    shop.people(ADA)
    assert shop.people("key,first_name,email,plan\n1,Augusta,new@acme.example,gold\n").refused == 1
    assert shop.rows("SELECT first_name, email FROM contact") == [("Ada", "Ada@acme.example")]


def test_a_required_field_must_come_with_a_new_contact_only(shop: "Shop") -> None:
    first_name = replace(shop.contact.fields[2], optional=False)
    shop.people(ADA)
    shop.contact = replace(shop.contact, fields=(*shop.contact.fields[:2], first_name, *shop.contact.fields[3:]))
    report = shop.people("key,plan\n1,trial\n2,pro\n")
    assert (report.changed, report.refused) == (1, 1)
    assert shop.reasons() == [(3, "first_name", "is missing, and has no default")]


def test_undeclared_columns_are_kept_beside(shop: "Shop", json_lines: Source) -> None:
    shop.people("key,city,shoe size\n1,Paris,42\n")
    report = shop.people('{"key": "1", "city": "Genève", "likes": ["tea", {"a": null}]}\n', source=json_lines)
    assert report.changed == 1
    ((extra,),) = shop.rows("SELECT extra FROM contact")
    assert json.loads(str(extra)) == {"city": "Genève", "likes": ["tea", {"a": None}], "shoe size": "42"}
    assert shop.rows("SELECT count(*) FROM change") == [(0,)]  # no campaign can ask for it
    assert shop.people("key,city\n1,\n").unchanged == 1


def test_column_names_are_mapped_and_found_in_any_case(shop: "Shop") -> None:
    mapping = {"Prénom": "first_name", "customer": "key"}
    shop.people("customer,EMail,Prénom,id\n7,ada@acme.example,Ada,x\n", mapping=mapping)
    assert shop.rows("SELECT contact_key, email, first_name, extra FROM contact") == [
        ("7", "ada@acme.example", "Ada", '{"id":"x"}')
    ]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"name": "frist_name"}, "column `name` is mapped to `frist_name`, which nothing declares: did you mean"),
        ({"vorname": "first_name"}, "the file has no column `vorname`: did you mean `vorname2`?"),
    ],
)
def test_a_mapping_that_cannot_be_meant_stops_the_import(shop: "Shop", mapping: dict[str, str], said: str) -> None:
    with pytest.raises(CampflowError, match=said.replace("?", r"\?")):
        shop.people("key,name,vorname2\n1,Ada,Ada\n", mapping=mapping)
    assert shop.rows("SELECT count(*) FROM contact") == [(0,)]


def test_a_phone_number_is_read_in_the_contacts_country(shop: "Shop") -> None:
    shop.people("key,phone,country\n1,044 668 18 00,CH\n2,,FR\n3,06 12 34 56 78,\n")
    shop.people("key,phone\n2,06 12 34 56 78\n")
    assert shop.rows("SELECT contact_key, phone FROM contact ORDER BY 1") == [
        ("1", "+41446681800"),
        ("2", "+33612345678"),
    ]
    assert [reason[:2] for reason in shop.reasons()] == [(4, "phone")]


def test_the_time_zones_of_contacts_are_ready_for_the_engine(shop: "Shop") -> None:
    shop.people("key,timezone\n1,Asia/Kathmandu\n2,\n3,Mars/Olympus\n")
    shop.people("key,timezone\n2,Pacific/Apia\n")
    query = "SELECT DISTINCT zone FROM zone_offset UNION SELECT DISTINCT zone FROM zone_local ORDER BY 1"
    assert shop.rows(query) == [("Asia/Kathmandu",), ("Pacific/Apia",)]
    assert [reason[:2] for reason in shop.reasons()] == [(4, "timezone")]


def test_hostile_cells_stay_cells(shop: "Shop") -> None:
    nasty = "'); DROP TABLE contact; --"
    shop.people(f'key,first_name\n1,"{nasty}"\n2,=cmd|calc\n3,{{{{ 7*7 }}}}\n4,a\0b\n5,{"x" * 10_001}\n')
    assert shop.rows("SELECT first_name FROM contact ORDER BY 1") == [(nasty,), ("=cmd|calc",), ("{{ 7*7 }}",)]
    assert [reason[:2] for reason in shop.reasons()] == [(5, "first_name"), (6, "first_name")]


def test_too_much_in_undeclared_columns_is_refused(shop: "Shop", json_lines: Source) -> None:
    lines = [
        b'{"key": 1, "deep": ' + b"[" * 500 + b"]" * 500 + b"}\n",
        b'{"key": 2, "wide": "' + b"x" * 9_000 + b'"}\n',
    ]
    lines.append(b'{"key": 3, "big": [' + b"1," * 40_000 + b"1]}\n")
    assert shop.people(lines, source=json_lines).added == 2
    assert shop.reasons() == [(3, "big", "undeclared columns of one contact may hold 50,000 characters")]


def test_a_project_whose_contacts_have_no_address_goes_by_key(shop: "Shop", tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/keys.db", tables(Contact((), None), ()))
    install(database)
    keyed = replace(shop, database=database, contact=Contact((), None), events=())
    assert keyed.people("id,email\n1,ada@acme.example\n,bob@acme.example\n").added == 1
    assert keyed.reasons() == [(3, "key", "the row has no key")]
    assert keyed.rows("SELECT contact_key, extra FROM contact") == [("1", '{"email":"ada@acme.example"}')]
