"""HTTP in and out: routes, schemas, the envelope, OpenAPI."""
