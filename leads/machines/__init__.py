"""Who followed a link, loaded a picture or looked at a page: a person, or a machine in their place.

Mail gateways open every mail and follow its links, picture proxies fetch pictures, crawlers read pages. What they do is
kept, and does not count. Pure: no database, no clock; `judging` holds the weights.
"""
