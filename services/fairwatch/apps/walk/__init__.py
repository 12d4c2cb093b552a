"""`fairwatch walk`: an authorisation from request to erasure, with twelve forgeries on the way."""
