"""The chatbot: it turns a selection into a streamed recommendation."""
