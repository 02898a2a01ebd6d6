"""The load client: a process of its own that opens streams as planned and checks each of them."""
