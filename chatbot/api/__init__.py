"""The HTTP API: routes, schemas, the envelope and OpenAPI."""
