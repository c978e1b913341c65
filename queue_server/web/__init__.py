"""HTTP: the API, the feed, and the pages of the hall server. It parses and renders; the rules are in `domain`."""
