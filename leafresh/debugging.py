"""What Django's error page may show (``LEAFRESH_DEBUG``): no address that may hold a password."""

import re

from django.views.debug import SafeExceptionReporterFilter


class ReporterFilter(SafeExceptionReporterFilter):
    """Django's own, which knows keys and passwords by their names, but not URLs that hold one."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|_URL|CACHES|CHANNEL_LAYERS|LOCATION|HOSTS$",
        re.IGNORECASE,
    )
