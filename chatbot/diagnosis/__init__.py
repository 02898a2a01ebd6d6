"""What a client from outside needs, checked one by one: the findings that ``manage.py doctor`` prints."""
