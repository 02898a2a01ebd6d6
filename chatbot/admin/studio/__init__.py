"""The prompt studio: the page of a template, the editor of its draft, comparing, checking, publishing, rollback."""
