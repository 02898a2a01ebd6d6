"""Two people who edit the same rows: nobody overwrites a change that they have not seen."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from challenges.models import Category, Challenge
from tests.chatbot.admin.conversations import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(django_user_model: Any, known_types: None) -> Client:
    """Another superuser's browser."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(django_user_model.objects.create_superuser("mina"))
    return client


def _filled(form: Any) -> dict[str, Any]:
    """What a browser sends when nothing is changed."""
    values = {form.add_prefix(name): form[name].value() for name in form.fields}
    for name in form.fields:
        if form.fields[name].show_hidden_initial:
            values[form[name].html_initial_name] = form[name].value()
    return {name: _sent(value) for name, value in values.items() if not (value is None or value is False)}


def _sent(value: Any) -> Any:
    return [getattr(each, "pk", each) for each in value] if isinstance(value, list) else value


def _opened(page: Client, address: str) -> dict[str, Any]:
    return _filled(page.get(address).context["adminform"].form)


def _list(page: Client, address: str) -> dict[str, Any]:
    formset = page.get(address).context["cl"].formset
    posted: dict[str, Any] = _filled(formset.management_form) | {"_save": "1"}
    for form in formset.forms:
        posted |= _filled(form)
        for name in form.fields:
            if form.fields[name].show_hidden_initial:
                posted[form[name].html_initial_name] = str(form[name].value())
    return {name: value for name, value in posted.items() if not name.endswith("-seen")}  # a list has none


def _index(posted: dict[str, Any], pk: int) -> int:
    return next(int(name.split("-")[1]) for name, value in posted.items() if name.endswith("-id") and value == pk)


@pytest.fixture
def challenge() -> Challenge:
    return Challenge.objects.order_by("pk")[0]


def _address(row: Any) -> str:
    return reverse(f"admin:challenges_{row._meta.model_name}_change", args=[row.pk])


def test_the_second_of_two_is_told_who_came_first_and_keeps_the_text(
    page: Client, other: Client, challenge: Challenge
) -> None:
    mine, theirs = _opened(page, _address(challenge)), _opened(other, _address(challenge))
    assert other.post(_address(challenge), theirs | {"description": "텀블러를 들고 나가요."}).status_code == 302
    response = page.post(_address(challenge), mine | {"description": "장바구니를 챙겨요."})
    html = response.content.decode()
    assert response.status_code == 200
    assert "mina changed this" in html
    assert "Description: “텀블러를 들고 나가요.”" in html
    assert response.context["adminform"].form["description"].value() == "장바구니를 챙겨요."
    challenge.refresh_from_db()
    assert challenge.description == "텀블러를 들고 나가요."
    again = _filled(response.context["adminform"].form)
    assert page.post(_address(challenge), again).status_code == 302
    challenge.refresh_from_db()
    assert challenge.description == "장바구니를 챙겨요."


def test_a_changed_choice_of_several_counts_too(page: Client, other: Client, challenge: Challenge) -> None:
    mine, theirs = _opened(page, _address(challenge)), _opened(other, _address(challenge))
    kept = list(challenge.locations.all())
    other.post(_address(challenge), theirs | {"locations": [kept[0].pk]})
    response = page.post(_address(challenge), mine | {"title": "새 제목"})
    assert "mina changed this" in response.content.decode()
    assert list(challenge.locations.all()) == kept[:1]


def test_the_same_change_twice_is_no_conflict(page: Client, other: Client, challenge: Challenge) -> None:
    mine, theirs = _opened(page, _address(challenge)), _opened(other, _address(challenge))
    assert other.post(_address(challenge), theirs | {"title": "같은 제목"}).status_code == 302
    assert page.post(_address(challenge), mine | {"title": "같은 제목"}).status_code == 302


def test_an_own_change_in_another_window_is_called_so(page: Client, challenge: Challenge) -> None:
    first, second = _opened(page, _address(challenge)), _opened(page, _address(challenge))
    page.post(_address(challenge), first | {"title": "하나"})
    response = page.post(_address(challenge), second | {"title": "둘"})
    assert "You changed this in another window" in response.content.decode()


def test_a_change_past_the_admin_counts(page: Client, challenge: Challenge) -> None:
    mine = _opened(page, _address(challenge))
    Challenge.objects.filter(pk=challenge.pk).update(active=False)
    response = page.post(_address(challenge), mine | {"title": "새 제목"})
    assert "This was changed" in response.content.decode()
    assert not Challenge.objects.get(pk=challenge.pk).active


def test_saving_a_list_leaves_rows_alone_that_were_not_changed_in_it(page: Client, other: Client) -> None:
    address = reverse("admin:challenges_category_changelist")
    posted = _list(page, address)
    vegan, media = Category.objects.get(key="VEGAN"), Category.objects.get(key="MEDIA")
    other.post(
        _address(vegan), {name: value for name, value in _opened(other, _address(vegan)).items() if name != "active"}
    )
    assert page.post(address, posted | {f"form-{_index(posted, media.pk)}-order": 77}).status_code == 302
    vegan.refresh_from_db()
    media.refresh_from_db()
    assert (vegan.active, media.order) == (False, 77)


def test_a_row_that_both_changed_in_the_list_is_told_and_can_be_saved_again(page: Client, other: Client) -> None:
    address = reverse("admin:challenges_category_changelist")
    posted = _list(page, address)
    vegan = Category.objects.get(key="VEGAN")
    place = f"form-{_index(posted, vegan.pk)}"
    theirs = _list(other, address)
    other.post(address, {name: value for name, value in theirs.items() if name != f"{place}-active"})
    response = page.post(address, posted | {f"{place}-order": 77})
    assert "mina changed this" in response.content.decode()
    vegan.refresh_from_db()
    assert (vegan.active, vegan.order != 77) == (False, True)
    shown = re.findall(rf'name="initial-{place}-active" value="(\w+)"', response.content.decode())
    assert shown == ["False"]
    page.post(address, posted | {f"{place}-order": 77, f"initial-{place}-active": "False"})
    vegan.refresh_from_db()
    assert (vegan.active, vegan.order) == (True, 77)


def test_each_input_stays_with_its_row_when_the_order_of_the_list_changed(page: Client) -> None:
    """The list is sorted by the field that both changed."""
    first, second = (
        Category.objects.create(key=key, label=key, order=n) for key, n in {"AAA": 201, "BBB": 202}.items()
    )
    address = reverse("admin:challenges_category_changelist")
    posted = _list(page, address)
    Category.objects.filter(pk=first.pk).update(order=203)
    response = page.post(address, posted | {f"form-{_index(posted, first.pk)}-order": 150})
    shown = response.context["cl"]
    assert [form.instance.pk for form in shown.formset.forms] == [row.pk for row in shown.result_list]
    lines = re.findall(r"<tr\b.*?</tr>", response.content.decode(), flags=re.DOTALL)
    for row, typed in {first: "150", second: "202"}.items():
        (line,) = (line for line in lines if row.key in line)
        assert f'value="{typed}"' in line


@pytest.mark.parametrize(("model", "name"), [(User, "username"), (Group, "name")])
def test_accounts_and_roles_are_kept_from_it_as_well(page: Client, other: Client, model: Any, name: str) -> None:
    row = model.objects.create(**{name: "jun"})
    address = reverse(f"admin:auth_{model._meta.model_name}_change", args=[row.pk])
    mine, theirs = _opened(page, address), _opened(other, address)
    assert other.post(address, theirs | {name: "jun2"}).status_code == 302
    assert "mina changed this" in page.post(address, mine | {name: "jun3"}).content.decode()


def test_a_row_that_was_deleted_meanwhile_keeps_what_was_typed(
    page: Client, other: Client, challenge: Challenge
) -> None:
    mine = _opened(page, _address(challenge))
    other.post(reverse("admin:challenges_challenge_delete", args=[challenge.pk]), {"post": "yes"})
    response = page.post(_address(challenge), mine | {"description": "장바구니를 챙겨요."})
    html = response.content.decode()
    assert "mina deleted this meanwhile." in html
    assert "장바구니를 챙겨요." in html
    assert not Challenge.objects.filter(title=challenge.title).exists()
    again = _filled(response.context["adminform"].form)
    assert page.post(_address(challenge), again).status_code == 302
    assert Challenge.objects.get(title=challenge.title).description == "장바구니를 챙겨요."


@pytest.mark.parametrize("rights", [["add_user"], ["add_user", "change_user"]])
def test_an_account_is_not_made_again_past_its_own_form(rights: list[str]) -> None:
    """A new account needs a password, and the rights to add and to change accounts."""
    posted = {"username": "jun", "is_superuser": "on", "seen": "{}", "_save": "1"}
    address = reverse("admin:auth_user_change", args=[99999])
    response = staff(*rights).post(address, posted)
    assert response.status_code == (403 if len(rights) == 1 else 302)
    assert not User.objects.filter(username="jun").exists()


def _confirmation(page: Client, address: str, posted: dict[str, Any] | None = None) -> dict[str, str]:
    """The hidden inputs of the page that asks whether to delete."""
    response = page.get(address) if posted is None else page.post(address, posted)
    return dict(re.findall(r'<input type="hidden" name="(post|seen)" value="([^"]*)"', response.content.decode()))


def test_what_was_changed_after_the_question_is_not_deleted(page: Client, challenge: Challenge) -> None:
    address = reverse("admin:challenges_challenge_delete", args=[challenge.pk])
    confirmed = _confirmation(page, address)
    Challenge.objects.filter(pk=challenge.pk).update(description="더 좋아졌어요.")
    response = page.post(address, confirmed, follow=True)
    assert "Nothing was deleted: it was changed after you opened the page." in response.content.decode()
    assert Challenge.objects.filter(pk=challenge.pk).exists()
    assert page.post(address, _confirmation(page, address)).status_code == 302
    assert not Challenge.objects.filter(pk=challenge.pk).exists()


def test_neither_are_selected_rows(page: Client) -> None:
    address = reverse("admin:challenges_challenge_changelist")
    keys = [str(pk) for pk in Challenge.objects.order_by("pk").values_list("pk", flat=True)[:3]]
    selected = {"action": "delete_selected", "_selected_action": keys}
    confirmed = _confirmation(page, address, selected | {"index": "0"})
    Challenge.objects.filter(pk=keys[1]).update(active=False)
    response = page.post(address, selected | confirmed, follow=True)
    assert "Nothing was deleted" in response.content.decode()
    assert Challenge.objects.filter(pk__in=keys).count() == 3
    page.post(address, selected | _confirmation(page, address, selected | {"index": "0"}))
    assert not Challenge.objects.filter(pk__in=keys).exists()
