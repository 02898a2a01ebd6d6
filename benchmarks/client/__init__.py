"""The load client: a separate process that opens streams as planned and checks each of them."""
