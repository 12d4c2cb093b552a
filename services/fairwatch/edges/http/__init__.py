"""A serving edge: makers' webhooks and WS-BaseNotification over HTTP."""
