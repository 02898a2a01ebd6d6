"""What is said to a model: template contracts, rendering, checking, publishing."""
