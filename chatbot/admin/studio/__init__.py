"""The prompt studio: a template's page, the editor of its draft, comparing, checking, publishing, rolling back."""
