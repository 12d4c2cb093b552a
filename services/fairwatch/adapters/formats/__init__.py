"""One declaration for each format; beside it, where unavoidable, a module of converters that only it needs."""
