"""The demo: its sign-in service, clock and cast. `serve` never imports it."""
