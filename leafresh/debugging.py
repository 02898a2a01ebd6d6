"""What Django's error page may show (``LEAFRESH_DEBUG``): no address that may hold a password."""

import re

from django.views.debug import SafeExceptionReporterFilter


class ReporterFilter(SafeExceptionReporterFilter):
    """Django's own, which knows keys and passwords by their names, but not URLs that hold one."""

    _known = SafeExceptionReporterFilter.hidden_settings.pattern
    hidden_settings = re.compile(f"{_known}|_URL|CACHES|CHANNEL_LAYERS|LOCATION|HOSTS$", re.IGNORECASE)
