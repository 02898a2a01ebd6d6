"""Users and groups work as Django's own admin has them."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db


def test_a_user_is_made_given_a_password_and_rights(admin_client: Client) -> None:
    form = {
        "username": "editor",
        "usable_password": "true",
        "password1": "긴-비밀번호-5791",
        "password2": "긴-비밀번호-5791",
    }
    assert admin_client.post("/admin/auth/user/add/", form).status_code == 302
    user = User.objects.get(username="editor")
    assert user.check_password("긴-비밀번호-5791")
    right = Permission.objects.get(codename="view_challenge")
    form = {"username": "editor", "is_active": "on", "is_staff": "on", "user_permissions": str(right.pk)}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    assert admin_client.post(f"/admin/auth/user/{user.pk}/change/", form).status_code == 302
    assert User.objects.get(pk=user.pk).has_perm("challenges.view_challenge")
    assert admin_client.get(f"/admin/auth/user/{user.pk}/password/").status_code == 200


def test_pages_look_like_the_rest_and_cost_few_statements(admin_client: Client) -> None:
    group = Group.objects.create(name="편집자")
    admin = User.objects.get(username="admin")
    for address in (
        "/admin/auth/user/",
        f"/admin/auth/user/{admin.pk}/change/",
        "/admin/auth/group/",
        f"/admin/auth/group/{group.pk}/change/",
    ):
        with CaptureQueriesContext(connection) as queries:
            response = admin_client.get(address)
        assert response.status_code == 200
        assert "unfold/css/styles.css" in response.content.decode()
        assert len(queries) <= 12
