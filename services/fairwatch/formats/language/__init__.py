"""The declaration language: what a YAML file may say, compiled to a reader and a writer."""
