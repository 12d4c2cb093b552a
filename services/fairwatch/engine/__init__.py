"""Runs a processor on Kafka: batches, acknowledgements, state and dead letters; the only room that knows Faust."""
