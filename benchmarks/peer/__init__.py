"""The service that a good engineer would write in an afternoon: FastAPI, sse-starlette, uvicorn and ChatOpenAI."""
