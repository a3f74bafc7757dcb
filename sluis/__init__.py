"""The roof: settings, wiring and the command line."""
