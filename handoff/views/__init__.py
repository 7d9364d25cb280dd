"""Pages of the queue, the inbox and their decisions: thin doors to services. One module a page."""
