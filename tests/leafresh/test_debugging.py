from django.test import override_settings

from leafresh.debugging import ReporterFilter


@override_settings(
    REDIS_URL="redis://:hunter2@127.0.0.1/0",
    CACHES={"default": {"LOCATION": "redis://:hunter2@127.0.0.1/0"}},
    CHANNEL_LAYERS={"default": {"CONFIG": {"hosts": ["redis://:hunter2@127.0.0.1/0"]}}},
)
def test_no_password_is_on_the_error_page() -> None:
    assert "hunter2" not in repr(ReporterFilter().get_safe_settings())
