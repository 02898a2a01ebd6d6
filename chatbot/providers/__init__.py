"""Who writes answers: hosted models and the catalogue. The only place that may import LangChain."""
