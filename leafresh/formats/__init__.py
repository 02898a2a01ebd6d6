"""How dates and times are written (FORMAT_MODULE_PATH): in one format everywhere, which sorts and fits into a column.

Django reads a module for each language; what is missing there it takes from its own.
"""

DATE_FORMAT = SHORT_DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y-m-d H:i"
