"""What goes over the wire: Avro and its framings, topics, headers, the dead letter envelope, the producer."""
