"""How good is it? Metrics, replay, simulated engagement and the report a data scientist reads."""
